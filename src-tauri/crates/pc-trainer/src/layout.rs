//! Where every weight of a model lies in one flat vector, so that the optimiser, clipping and a resume point see plain
//! numbers when all of them are learnt. Deliberately absent: the weights themselves, which are the decoder's.

use std::ops::Range;

use pc_model::Config;

use crate::block::{NORMS, norm_name};
use crate::lora::{PROJECTIONS, projection_shapes};

/// A projection's part.
#[derive(Clone, Debug)]
pub(crate) struct ProjectionPlace {
    pub weight: Range<usize>,
    pub bias: Option<Range<usize>>,
}

/// A block's parts.
#[derive(Clone, Debug)]
pub(crate) struct BlockPlaces {
    /// In the order of [`NORMS`]; nothing where the family has no such norm.
    pub norms: Vec<Option<Range<usize>>>,
    /// In the order of [`PROJECTIONS`].
    pub projections: Vec<ProjectionPlace>,
}

/// One weight by its Hugging Face name.
#[derive(Clone, Debug)]
pub struct Place {
    pub name: String,
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    pub range: Range<usize>,
    /// Whether weight decay applies: not to norms and biases, as Transformers' trainer has it.
    pub decays: bool,
}

/// All weights: embedding, head, then block by block, and the last norm.
#[derive(Clone, Debug)]
pub struct Layout {
    pub places: Vec<Place>,
    pub(crate) embedding: Range<usize>,
    /// The embedding's own where the head is the embedding.
    pub(crate) head: Range<usize>,
    pub(crate) blocks: Vec<BlockPlaces>,
    pub(crate) final_norm: Range<usize>,
}

impl Layout {
    /// Of a model's shape.
    pub fn new(config: &Config) -> Self {
        let mut places = Places(Vec::new());
        let table = vec![config.vocab_size, config.hidden_size];
        let embedding = places.add("model.embed_tokens.weight".to_owned(), table.clone(), true);
        let head = if config.tie_word_embeddings {
            embedding.clone()
        } else {
            places.add("lm_head.weight".to_owned(), table, true)
        };
        let blocks = (0..config.num_layers).map(|layer| places.block(config, layer)).collect();
        let final_norm = places.add("model.norm.weight".to_owned(), vec![config.hidden_size], false);
        Self { places: places.0, embedding, head, blocks, final_norm }
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.final_norm.end
    }
}

struct Places(Vec<Place>);

impl Places {
    fn add(&mut self, name: String, shape: Vec<usize>, decays: bool) -> Range<usize> {
        let start = self.0.last().map_or(0, |place| place.range.end);
        let range = start..start + shape.iter().product::<usize>();
        self.0.push(Place { name, shape, range: range.clone(), decays });
        range
    }

    fn block(&mut self, config: &Config, layer: usize) -> BlockPlaces {
        let prefix = format!("model.layers.{layer}");
        let mut norm = |which: usize| {
            let (name, width) = norm_name(config, which)?;
            Some(self.add(format!("{prefix}.{name}.weight"), vec![width], false))
        };
        let norms = (0..NORMS).map(&mut norm).collect();
        let mut projection = |(which, (name, (out, input))): (usize, (&&str, (usize, usize)))| {
            let weight = self.add(format!("{prefix}.{name}.weight"), vec![out, input], true);
            let bias = config_bias(config, which);
            let bias = bias.then(|| self.add(format!("{prefix}.{name}.bias"), vec![out], false));
            ProjectionPlace { weight, bias }
        };
        let projections = PROJECTIONS.iter().zip(projection_shapes(config)).enumerate().map(&mut projection).collect();
        BlockPlaces { norms, projections }
    }
}

/// Whether a projection has a bias, by its place in [`PROJECTIONS`].
pub(crate) fn config_bias(config: &Config, which: usize) -> bool {
    let of_attention = [config.qkv_bias, config.qkv_bias, config.qkv_bias, config.output_bias];
    of_attention.get(which).copied().unwrap_or(config.mlp_bias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pc_model::ModelFolder;
    use std::path::Path;

    #[test]
    fn every_tensor_of_every_family_has_exactly_one_place() {
        for family in ["qwen2", "qwen3", "llama", "gemma3"] {
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/tiny-models").join(family);
            let model = ModelFolder::open(&dir).unwrap();
            let layout = Layout::new(&model.config);
            let mut names: Vec<String> = layout.places.iter().map(|place| place.name.clone()).collect();
            names.sort();
            assert_eq!(names, model.weights().unwrap().names(), "{family}: what is learnt is the whole file");
            assert!(layout.places.windows(2).all(|two| two[0].range.end == two[1].range.start), "without gaps");
        }
    }
}
