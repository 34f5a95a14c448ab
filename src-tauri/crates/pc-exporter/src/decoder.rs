//! The decoder of every supported family as one graph of the runtime's fused operators.
//!
//! Inputs: `input_ids [1, n]`, `seqlens_k [1]` and `total_sequence_length []` (positions before and with these tokens),
//! `past.N.key|value [1, kv heads, p, head size]`. Outputs: `logits [1, 1, vocabulary]` of the last position and
//! `present.N.key|value`. Operators: onnxruntime's `docs/ContribOperators.md`.
//! Deliberately absent: batches, and logits of earlier positions.

use anyhow::Result;
use pc_base::{Cancel, Code, Progress, Reporter, Unit, coded};
use pc_model::{Activation, Config, Layer, Rope, Weights};

use crate::graph::Graph;
use crate::proto::{DataType, Dimension, float, int};
use crate::quantise::{Precision, to_4_bits, to_8_bits};
use crate::recipe::Recipe;

/// What one export builds with.
pub struct Decoder<'a> {
    pub graph: Graph,
    pub config: &'a Config,
    pub weights: &'a Weights,
    pub recipe: Recipe,
    /// Positions for which rotations are stored.
    pub context: usize,
    pub reporter: &'a dyn Reporter,
    pub cancel: &'a Cancel,
}

/// A projection's name in the files and its sizes.
struct Linear<'n> {
    name: &'n str,
    rows: usize,
    columns: usize,
    bias: bool,
    precision: Precision,
}

impl Decoder<'_> {
    /// Builds the whole graph; weights go to the data file one at a time. Also returns the bytes of weights that one
    /// new token reads: of an embedding that is not the head too, that is a single row.
    pub fn build(mut self) -> Result<(Graph, u64)> {
        if !self.config.head_dim.is_multiple_of(16) {
            let head = format!("{:?} with heads of {} dimensions", self.config.family, self.config.head_dim);
            return Err(coded(Code::ModelArchitectureUnknown).with("architecture", head).into());
        }
        self.declare();
        let ropes = self.ropes();
        for (at, rope) in ropes.iter().enumerate() {
            self.rotations(at, rope)?;
        }
        let before = self.graph.written();
        let mut hidden = self.embed()?;
        let skipped = if self.config.tie_word_embeddings { before } else { self.graph.written() };
        let mut normed = self.norm("model.layers.0.input_layernorm", &hidden, None)?.0;
        let layers = self.config.layers.clone();
        for (at, layer) in layers.iter().enumerate() {
            self.cancel.check()?;
            let rope = ropes.iter().position(|rope| *rope == layer.rope).unwrap_or(0);
            let attended = self.attention(at, layer, rope, &normed)?;
            let (after, ahead) = self.join(at, Block::Attention, &attended, &hidden)?;
            let fed = self.feed_forward(at, &ahead)?;
            (hidden, normed) = self.join(at, Block::FeedForward, &fed, &after)?;
            let (done, total) = (at as u64 + 1, Some(layers.len() as u64 + 1));
            self.reporter.report(Progress { stage: "convert".to_owned(), done, total, unit: Unit::Steps });
        }
        self.head(&normed)?;
        let read = self.graph.written() - skipped;
        Ok((self.graph, read))
    }

    fn declare(&mut self) {
        let size = |n: usize| Dimension::Size(n as i64);
        let name = |text: &str| Dimension::Name(text.to_owned());
        self.graph.input("input_ids", DataType::Int64, &[size(1), name("tokens")]);
        self.graph.input("seqlens_k", DataType::Int32, &[size(1)]);
        self.graph.input("total_sequence_length", DataType::Int32, &[]);
        self.graph.output("logits", DataType::Float, &[size(1), size(1), size(self.config.vocab_size)]);
        let cache = |positions| [size(1), size(self.config.num_kv_heads), name(positions), size(self.config.head_dim)];
        for layer in 0..self.config.num_layers {
            for part in ["key", "value"] {
                self.graph.input(&format!("past.{layer}.{part}"), DataType::Float, &cache("past"));
                self.graph.output(&format!("present.{layer}.{part}"), DataType::Float, &cache("total"));
            }
        }
    }

    /// The different rotary embeddings; Gemma 3 has two.
    fn ropes(&self) -> Vec<Rope> {
        let mut ropes: Vec<Rope> = Vec::new();
        for layer in &self.config.layers {
            if !ropes.contains(&layer.rope) {
                ropes.push(layer.rope);
            }
        }
        ropes
    }

    /// Cosines and sines `[context, head size / 2]` of one rotary embedding.
    fn rotations(&mut self, number: usize, rope: &Rope) -> Result<()> {
        let frequencies = rope.inv_freq(self.config.head_dim);
        let shape = [self.context, frequencies.len()];
        // The angle is rounded to f32 before the cosine, as the reference implementation does.
        let table = |turn: fn(f32) -> f32| -> Vec<f32> {
            (0..shape[0]).flat_map(|at| frequencies.iter().map(move |freq| turn(at as f32 * freq))).collect()
        };
        self.graph.floats(&format!("rope.{number}.cos"), &shape, &table(f32::cos))?;
        self.graph.floats(&format!("rope.{number}.sin"), &shape, &table(f32::sin))
    }

    fn embed(&mut self) -> Result<String> {
        let name = "model.embed_tokens.weight";
        let shape = [self.config.vocab_size, self.config.hidden_size];
        let values = self.weights.f32_shaped(name, &shape)?;
        let precision = self.recipe.embedding.fitted(shape[1]);
        let found = match precision {
            Precision::F32 => {
                self.graph.floats(name, &shape, &values)?;
                self.graph.node("Gather", &[name, "input_ids"], &["embedded"], vec![int("axis", 0)])
            }
            Precision::Bits8 { block } | Precision::Bits4 { block } => {
                let bits = self.quantised(name, &values, shape[1], precision)?;
                let mut inputs = vec![format!("{name}.rows"), "input_ids".to_owned(), format!("{name}.scales")];
                if bits == 4 {
                    inputs.push(format!("{name}.zeros"));
                }
                let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
                let axes =
                    [int("gather_axis", 0), int("quantize_axis", 1), int("block_size", block), int("bits", bits)];
                self.graph.node("GatherBlockQuantized", &inputs, &["embedded"], axes.into())
            }
        };
        let Some(scale) = self.config.embed_scale else { return Ok(found) };
        self.graph.floats("embed_scale", &[], &[scale])?;
        Ok(self.graph.node("Mul", &[&found, "embed_scale"], &["embedded.scaled"], Vec::new()))
    }

    /// A root-mean-square norm of `input`, or of `input + skip`; returns the normed values and the sum.
    fn norm(&mut self, module: &str, input: &str, skip: Option<&str>) -> Result<(String, String)> {
        let gamma = self.norm_weight(module, self.config.hidden_size)?;
        let out = format!("{module}.out");
        let epsilon = float("epsilon", self.config.rms_norm_eps as f32);
        let Some(skip) = skip else {
            let inputs = [input, gamma.as_str()];
            let out = self.graph.node("SimplifiedLayerNormalization", &inputs, &[&out], vec![int_axis(), epsilon]);
            return Ok((out, input.to_owned()));
        };
        let sum = format!("{module}.sum");
        let inputs = [input, skip, gamma.as_str()];
        self.graph.node("SkipSimplifiedLayerNormalization", &inputs, &[&out, "", "", &sum], vec![epsilon]);
        Ok((out, sum))
    }

    /// The norm's weights as a constant; Gemma's `1 + w` is folded in here.
    fn norm_weight(&mut self, module: &str, size: usize) -> Result<String> {
        let name = format!("{module}.weight");
        let mut values = self.weights.f32_shaped(&name, &[size])?;
        if self.config.norm_plus_one {
            values.iter_mut().for_each(|w| *w += 1.0);
        }
        self.graph.floats(&name, &[size], &values)?;
        Ok(name)
    }

    /// Query and key are normed per head where the family does so; the operator rotates, caches and attends.
    fn attention(&mut self, at: usize, layer: &Layer, rope: usize, input: &str) -> Result<String> {
        let config = self.config;
        let module = |name: &str| format!("model.layers.{at}.self_attn.{name}");
        let (hidden, queries, keys) = (config.hidden_size, config.query_size(), config.kv_size());
        let (usual, value) = (self.recipe.attention, self.recipe.value);
        let project = |rows, precision| (rows, config.qkv_bias, precision);
        let mut parts = Vec::new();
        for (part, (rows, bias, precision)) in
            [("q", project(queries, usual)), ("k", project(keys, usual)), ("v", project(keys, value))]
        {
            let name = module(&format!("{part}_proj"));
            let projected = self.linear(&Linear { name: &name, rows, columns: hidden, bias, precision }, input)?;
            let normed = config.qk_norm && part != "v";
            parts.push(if normed {
                self.head_norm(&module(&format!("{part}_norm")), &projected, rows)?
            } else {
                projected
            });
        }
        let past = [format!("past.{at}.key"), format!("past.{at}.value")];
        let present = [format!("present.{at}.key"), format!("present.{at}.value")];
        let table = [format!("rope.{rope}.cos"), format!("rope.{rope}.sin")];
        let inputs = [
            parts[0].as_str(),
            &parts[1],
            &parts[2],
            &past[0],
            &past[1],
            "seqlens_k",
            "total_sequence_length",
            &table[0],
            &table[1],
        ];
        let mut attributes = vec![
            int("num_heads", config.num_heads),
            int("kv_num_heads", config.num_kv_heads),
            int("do_rotary", 1),
            float("scale", config.attention_scale),
        ];
        attributes.extend(layer.sliding_window.map(|window| int("local_window_size", window)));
        let out = module("attended");
        self.graph.node("GroupQueryAttention", &inputs, &[&out, &present[0], &present[1]], attributes);
        let name = module("o_proj");
        let (bias, precision) = (config.output_bias, self.recipe.attention);
        self.linear(&Linear { name: &name, rows: hidden, columns: queries, bias, precision }, &out)
    }

    fn head_norm(&mut self, module: &str, input: &str, rows: usize) -> Result<String> {
        let head = self.config.head_dim;
        let gamma = self.norm_weight(module, head)?;
        let [apart, together] = [format!("{module}.heads"), format!("{module}.flat")];
        self.graph.integers(&apart, &[0, -1, (rows / head) as i64, head as i64])?;
        self.graph.integers(&together, &[0, -1, rows as i64])?;
        let split = self.graph.node("Reshape", &[input, &apart], &[&format!("{module}.in")], Vec::new());
        let attributes = vec![int_axis(), float("epsilon", self.config.rms_norm_eps as f32)];
        let out = format!("{module}.out");
        let normed = self.graph.node("SimplifiedLayerNormalization", &[&split, &gamma], &[&out], attributes);
        Ok(self.graph.node("Reshape", &[&normed, &together], &[&format!("{module}.joined")], Vec::new()))
    }

    /// Adds a block's output to the residual stream and norms the sum for the next block; returns (sum, normed).
    fn join(&mut self, at: usize, block: Block, output: &str, residual: &str) -> Result<(String, String)> {
        let own = |name: &str| format!("model.layers.{at}.{name}");
        let sandwich = self.config.sandwich_norms;
        let (after, ahead) = match block {
            Block::Attention if sandwich => (Some("post_attention_layernorm"), own("pre_feedforward_layernorm")),
            Block::Attention => (None, own("post_attention_layernorm")),
            Block::FeedForward => {
                let last = at + 1 == self.config.num_layers;
                let next =
                    if last { "model.norm".to_owned() } else { format!("model.layers.{}.input_layernorm", at + 1) };
                (sandwich.then_some("post_feedforward_layernorm"), next)
            }
        };
        let output = match after {
            Some(name) => self.norm(&own(name), output, None)?.0,
            None => output.to_owned(),
        };
        let (normed, sum) = self.norm(&ahead, &output, Some(residual))?;
        Ok((sum, normed))
    }

    fn feed_forward(&mut self, at: usize, input: &str) -> Result<String> {
        let config = self.config;
        let module = |name: &str| format!("model.layers.{at}.mlp.{name}");
        let (rows, columns) = (config.intermediate_size, config.hidden_size);
        let (bias, precision) = (config.mlp_bias, self.recipe.gate_up);
        let names = [module("gate_proj"), module("up_proj"), module("down_proj")];
        let gate = self.linear(&Linear { name: &names[0], rows, columns, bias, precision }, input)?;
        let up = self.linear(&Linear { name: &names[1], rows, columns, bias, precision }, input)?;
        let (op, attributes) = match config.activation {
            Activation::Silu => ("QuickGelu", vec![float("alpha", 1.0)]),
            Activation::GeluTanh => ("FastGelu", Vec::new()),
        };
        let active = self.graph.node(op, &[&gate], &[&module("active")], attributes);
        let product = self.graph.node("Mul", &[&active, &up], &[&module("product")], Vec::new());
        let precision = self.recipe.down;
        self.linear(&Linear { name: &names[2], rows: columns, columns: rows, bias, precision }, &product)
    }

    /// Logits of the last position only: the head is the largest matrix, and generation needs no other.
    fn head(&mut self, normed: &str) -> Result<()> {
        let config = self.config;
        self.graph.integers("last", &[-1])?;
        let last = self.graph.node("Gather", &[normed, "last"], &["hidden.last"], vec![int("axis", 1)]);
        let (rows, columns) = (config.vocab_size, config.hidden_size);
        let out = if config.logit_softcap.is_some() { "logits.raw" } else { "logits" };
        let linear = Linear { name: "lm_head", rows, columns, bias: false, precision: self.recipe.embedding };
        if config.tie_word_embeddings {
            self.multiply(&linear, "model.embed_tokens.weight", &last, out)?;
        } else {
            self.store(&linear)?;
            self.multiply(&linear, "lm_head.weight", &last, out)?;
        }
        if let Some(cap) = config.logit_softcap {
            self.graph.floats("softcap", &[], &[cap])?;
            let shrunk = self.graph.node("Div", &[out, "softcap"], &["logits.shrunk"], Vec::new());
            let bent = self.graph.node("Tanh", &[&shrunk], &["logits.bent"], Vec::new());
            self.graph.node("Mul", &[&bent, "softcap"], &["logits"], Vec::new());
        }
        Ok(())
    }

    fn linear(&mut self, linear: &Linear<'_>, input: &str) -> Result<String> {
        self.store(linear)?;
        self.multiply(linear, &format!("{}.weight", linear.name), input, &format!("{}.out", linear.name))
    }

    /// Writes a projection's weights and bias.
    fn store(&mut self, linear: &Linear<'_>) -> Result<()> {
        let name = format!("{}.weight", linear.name);
        let values = self.weights.f32_shaped(&name, &[linear.rows, linear.columns])?;
        match linear.precision.fitted(linear.columns) {
            Precision::F32 if linear.name == "lm_head" => {
                self.graph.floats(&name, &[linear.rows, linear.columns], &values)?;
            }
            Precision::F32 => {
                let turned = transposed(&values, linear.columns);
                self.graph.floats(&name, &[linear.columns, linear.rows], &turned)?;
            }
            precision => {
                self.quantised(&name, &values, linear.columns, precision)?;
            }
        }
        if linear.bias {
            let name = format!("{}.bias", linear.name);
            let values = self.weights.f32_shaped(&name, &[linear.rows])?;
            self.graph.floats(&name, &[linear.rows], &values)?;
        }
        Ok(())
    }

    /// `input` times the transposed matrix that was written as `name`.
    fn multiply(&mut self, linear: &Linear<'_>, name: &str, input: &str, out: &str) -> Result<String> {
        let bias = if linear.bias { format!("{}.bias", linear.name) } else { String::new() };
        let (block, bits) = match linear.precision.fitted(linear.columns) {
            Precision::F32 if linear.name == "lm_head" => return self.multiply_rows(linear, name, input, out),
            Precision::F32 => {
                let product = if linear.bias { format!("{out}.product") } else { out.to_owned() };
                self.graph.node("MatMul", &[input, name], &[&product], Vec::new());
                if linear.bias {
                    self.graph.node("Add", &[&product, &bias], &[out], Vec::new());
                }
                return Ok(out.to_owned());
            }
            Precision::Bits8 { block } => (block, 8),
            Precision::Bits4 { block } => (block, 4),
        };
        let zeros = if bits == 4 { format!("{name}.zeros") } else { String::new() };
        let (data, scales) = (format!("{name}.blocks"), format!("{name}.scales"));
        let attributes = vec![
            int("K", linear.columns),
            int("N", linear.rows),
            int("bits", bits),
            int("block_size", block),
            int("accuracy_level", self.recipe.accuracy_level),
        ];
        let mut inputs = vec![input, &data, &scales, &zeros, "", &bias];
        while inputs.last().is_some_and(|name| name.is_empty()) {
            inputs.pop();
        }
        Ok(self.graph.node("MatMulNBits", &inputs, &[out], attributes))
    }

    /// The head in f32 keeps the embedding's layout, so that tied models store the table once.
    fn multiply_rows(&mut self, linear: &Linear<'_>, name: &str, input: &str, out: &str) -> Result<String> {
        self.graph.integers("head.flat", &[1, linear.columns as i64])?;
        self.graph.integers("head.shape", &[1, 1, linear.rows as i64])?;
        let flat = self.graph.node("Reshape", &[input, "head.flat"], &["hidden.flat"], Vec::new());
        let product = self.graph.node("Gemm", &[&flat, name], &["head.product"], vec![int("transB", 1)]);
        Ok(self.graph.node("Reshape", &[&product, "head.shape"], &[out], Vec::new()))
    }

    /// Writes `name.blocks`, `name.scales` and for 4 bits `name.zeros`; the embedding's bytes also get the flat shape
    /// that `GatherBlockQuantized` reads, as `name.rows`. Returns the bits.
    fn quantised(&mut self, name: &str, values: &[f32], columns: usize, precision: Precision) -> Result<usize> {
        let blocks = match precision {
            Precision::Bits8 { block } => to_8_bits(values, block),
            Precision::Bits4 { block } => to_4_bits(values, columns, block),
            Precision::F32 => unreachable!("callers handle f32"),
        };
        let (rows, per_row) = (values.len() / columns, columns / blocks.block);
        let blob = blocks.block * blocks.bits / 8;
        let shape = [rows, per_row, blob];
        let span = self.graph.bytes(&format!("{name}.blocks"), DataType::Uint8, &shape, &blocks.data)?;
        if name == "model.embed_tokens.weight" {
            let (rows_name, flat) = (format!("{name}.rows"), [rows, per_row * blob]);
            match span {
                Some(span) => self.graph.view(&rows_name, DataType::Uint8, &flat, span),
                None => self.graph.bytes(&rows_name, DataType::Uint8, &flat, &blocks.data).map(|_| ())?,
            }
        }
        self.graph.floats(&format!("{name}.scales"), &[rows, per_row], &blocks.scales)?;
        if let Some(zeros) = &blocks.zero_points {
            let shape = [rows, per_row.div_ceil(2)];
            self.graph.bytes(&format!("{name}.zeros"), DataType::Uint8, &shape, zeros)?;
        }
        Ok(blocks.bits)
    }
}

/// Which half of a layer.
#[derive(Clone, Copy)]
enum Block {
    Attention,
    FeedForward,
}

/// Norms run over the last axis, which is also the operator's default.
fn int_axis() -> crate::proto::AttributeProto {
    crate::proto::AttributeProto { i: Some(-1), ..int("axis", 0) }
}

fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len() / columns;
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}
