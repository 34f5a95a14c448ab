//! An ONNX graph while it is built: nodes, constants (large ones go to the data file at once), inputs and outputs.
//! Deliberately absent: what a decoder is made of; see `decoder`.

use std::collections::BTreeMap;

use anyhow::Result;
use prost::Message as _;

use crate::DATA_FILE;
use crate::data_file::{DataFile, Span};
use crate::proto::{
    AttributeProto, DataType, Dimension, DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, entries,
};

/// Constants up to this many bytes stay in the model file.
const INLINE: usize = 1024;
/// ONNX's intermediate representation and standard operators of release 1.16.
const IR_VERSION: i64 = 10;
const OPSET: i64 = 21;
/// The runtime's own operators.
const FUSED: [&str; 7] = [
    "FastGelu",
    "GatherBlockQuantized",
    "GroupQueryAttention",
    "MatMulNBits",
    "QuickGelu",
    "RotaryEmbedding",
    "SkipSimplifiedLayerNormalization",
];

/// See the module's words.
pub struct Graph {
    proto: GraphProto,
    data: DataFile,
}

impl Graph {
    /// An empty graph that writes its large constants to `data`.
    pub fn new(data: DataFile) -> Self {
        Self { proto: GraphProto { name: Some("decoder".to_owned()), ..GraphProto::default() }, data }
    }

    /// Adds an operation; `outputs[0]` names the node and is returned.
    pub fn node(&mut self, op: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.proto.node.push(NodeProto {
            input: texts(inputs),
            output: texts(outputs),
            name: Some(outputs[0].to_owned()),
            op_type: Some(op.to_owned()),
            attribute: attributes,
            domain: FUSED.contains(&op).then(|| "com.microsoft".to_owned()),
        });
        outputs[0].to_owned()
    }

    /// Adds a constant of floats.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Result<()> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(name, DataType::Float, shape, &bytes).map(|_| ())
    }

    /// Adds a constant of integers.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> Result<()> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(name, DataType::Int64, &[values.len()], &bytes).map(|_| ())
    }

    /// Adds a constant by its little-endian bytes; the span tells where they lie, if outside of the model file.
    pub fn bytes(&mut self, name: &str, kind: DataType, shape: &[usize], bytes: &[u8]) -> Result<Option<Span>> {
        if bytes.len() <= INLINE {
            let raw_data = Some(bytes.to_vec());
            self.proto.initializer.push(TensorProto { raw_data, ..tensor(name, kind, shape) });
            return Ok(None);
        }
        let span = self.data.append(bytes)?;
        self.view(name, kind, shape, span);
        Ok(Some(span))
    }

    /// Adds a constant whose bytes are already in the data file: a second shape for the same bytes.
    pub fn view(&mut self, name: &str, kind: DataType, shape: &[usize], span: Span) {
        let external_data = entries(BTreeMap::from([
            ("location", DATA_FILE.to_owned()),
            ("offset", span.offset.to_string()),
            ("length", span.length.to_string()),
        ]));
        self.proto.initializer.push(TensorProto { external_data, data_location: Some(1), ..tensor(name, kind, shape) });
    }

    /// Bytes of large constants so far.
    pub fn written(&self) -> u64 {
        self.data.written()
    }

    /// Declares an input.
    pub fn input(&mut self, name: &str, kind: DataType, shape: &[Dimension]) {
        self.proto.input.push(value_info(name, kind, shape));
    }

    /// Declares an output.
    pub fn output(&mut self, name: &str, kind: DataType, shape: &[Dimension]) {
        self.proto.output.push(value_info(name, kind, shape));
    }

    /// The model file's bytes, and the size and hash of the data file.
    pub fn finish(self) -> Result<(Vec<u8>, u64, String)> {
        let opset =
            |domain: &str, version| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) };
        let model = ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: Some("partner-console".to_owned()),
            graph: Some(self.proto),
            opset_import: vec![opset("", OPSET), opset("com.microsoft", 1)],
            metadata_props: Vec::new(),
        };
        let (size, hash) = self.data.finish()?;
        Ok((model.encode_to_vec(), size, hash))
    }
}

fn tensor(name: &str, kind: DataType, shape: &[usize]) -> TensorProto {
    TensorProto {
        dims: shape.iter().map(|size| *size as i64).collect(),
        data_type: Some(kind as i32),
        name: Some(name.to_owned()),
        ..TensorProto::default()
    }
}

fn value_info(name: &str, kind: DataType, shape: &[Dimension]) -> ValueInfoProto {
    let dim = shape.iter().map(|value| DimensionProto { value: Some(value.clone()) }).collect();
    let tensor = TensorTypeProto { elem_type: Some(kind as i32), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
}
