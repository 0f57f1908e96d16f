//! An ONNX graph as it grows: nodes in the order in which they compute, and the numbers they are given.

use std::collections::BTreeSet;

use prost::Message;

use crate::{Error, Result};

/// The messages of ONNX, made of its own description.
#[allow(missing_docs, clippy::all, reason = "made by a program from onnx.proto")]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/onnx.rs"));
}

use proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, attribute_proto::AttributeType, tensor_proto::DataType,
    tensor_shape_proto, type_proto,
};

/// The version of the operators: the first that has GELU.
const OPSET: i64 = 20;
/// The version of the format that goes with it.
const FORMAT: i64 = 9;

/// Settings of a node.
#[derive(Clone, Copy)]
pub enum Setting<'a> {
    /// A whole number.
    Int(i64),
    /// Whole numbers.
    Ints(&'a [i64]),
    /// A number.
    Float(f32),
    /// A word.
    Word(&'a str),
}

/// What is known so far. A value is known by its name.
#[derive(Default)]
pub struct Graph {
    nodes: Vec<NodeProto>,
    numbers: Vec<TensorProto>,
    inputs: Vec<ValueInfoProto>,
    /// Constants that were asked for before.
    known: BTreeSet<String>,
}

impl Graph {
    /// A `[batch, length]` input of whole numbers.
    pub fn input(&mut self, name: &str) -> String {
        self.inputs.push(value(name, DataType::Int64, &["batch", "length"]));
        name.to_owned()
    }

    /// What an operator makes of its inputs.
    pub fn op(&mut self, kind: &str, inputs: &[&str], settings: &[(&str, Setting)]) -> String {
        let name = format!("{}_{}", kind.to_lowercase(), self.nodes.len());
        self.nodes.push(NodeProto {
            op_type: Some(kind.to_owned()),
            name: Some(name.clone()),
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.clone()],
            attribute: settings.iter().map(|(key, setting)| attribute(key, *setting)).collect(),
            ..NodeProto::default()
        });
        name
    }

    /// 32-bit numbers of a shape.
    pub fn numbers(&mut self, name: &str, shape: &[usize], data: &[f32]) -> String {
        let bytes = data.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, shape, DataType::Float, bytes)
    }

    /// One number.
    pub fn number(&mut self, number: f32) -> String {
        self.once(format!("number_{number:e}"), &[], DataType::Float, number.to_le_bytes().to_vec())
    }

    /// Whole numbers in a row.
    pub fn ints(&mut self, ints: &[i64]) -> String {
        let words: Vec<String> = ints.iter().map(i64::to_string).collect();
        let bytes = ints.iter().flat_map(|int| int.to_le_bytes()).collect();
        self.once(format!("ints_{}", words.join("_")), &[ints.len()], DataType::Int64, bytes)
    }

    /// One whole number.
    pub fn int(&mut self, int: i64) -> String {
        self.once(format!("int_{int}"), &[], DataType::Int64, int.to_le_bytes().to_vec())
    }

    /// A constant that may be there already.
    fn once(&mut self, name: String, shape: &[usize], kind: DataType, bytes: Vec<u8>) -> String {
        match self.known.insert(name.clone()) {
            true => self.constant(&name, shape, kind, bytes),
            false => name,
        }
    }

    fn constant(&mut self, name: &str, shape: &[usize], kind: DataType, bytes: Vec<u8>) -> String {
        self.numbers.push(TensorProto {
            name: Some(name.to_owned()),
            dims: shape.iter().map(|&size| size as i64).collect(),
            data_type: Some(kind as i32),
            raw_data: Some(bytes),
            ..TensorProto::default()
        });
        name.to_owned()
    }

    /// The file: `output` is given as `logits`, whose dimensions are named; `notes` are kept with it.
    ///
    /// # Errors
    /// [`Error::Input`] when the model is larger than a file of one piece can be.
    pub fn file(mut self, output: &str, dims: &[&str], notes: &[(&str, String)]) -> Result<Vec<u8>> {
        self.nodes.push(NodeProto {
            op_type: Some("Identity".into()),
            name: Some("logits".into()),
            input: vec![output.to_owned()],
            output: vec!["logits".into()],
            ..NodeProto::default()
        });
        let model = ModelProto {
            ir_version: Some(FORMAT),
            opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) }],
            producer_name: Some("retort".into()),
            producer_version: Some(env!("CARGO_PKG_VERSION").into()),
            graph: Some(GraphProto {
                name: Some("model".into()),
                node: self.nodes,
                initializer: self.numbers,
                input: self.inputs,
                output: vec![value("logits", DataType::Float, dims)],
                ..GraphProto::default()
            }),
            metadata_props: notes
                .iter()
                .map(|(key, note)| StringStringEntryProto { key: Some((*key).into()), value: Some(note.clone()) })
                .collect(),
            ..ModelProto::default()
        };
        if model.encoded_len() > i32::MAX as usize {
            let found = format!("{} bytes", model.encoded_len());
            return Err(Error::input("model.onnx", "at most 2 GiB, the most that one file can hold", found));
        }
        Ok(model.encode_to_vec())
    }
}

fn attribute(key: &str, setting: Setting) -> AttributeProto {
    let mut attribute = AttributeProto { name: Some(key.to_owned()), ..AttributeProto::default() };
    let kind = match setting {
        Setting::Int(int) => {
            attribute.i = Some(int);
            AttributeType::Int
        }
        Setting::Ints(ints) => {
            attribute.ints = ints.to_vec();
            AttributeType::Ints
        }
        Setting::Float(number) => {
            attribute.f = Some(number);
            AttributeType::Float
        }
        Setting::Word(word) => {
            attribute.s = Some(word.as_bytes().to_vec());
            AttributeType::String
        }
    };
    attribute.r#type = Some(kind as i32);
    attribute
}

/// What goes in or comes out: dimensions are names, or sizes.
fn value(name: &str, kind: DataType, dims: &[&str]) -> ValueInfoProto {
    use tensor_shape_proto::{Dimension, dimension::Value};
    let one = |dim: &&str| Dimension {
        value: Some(match dim.parse() {
            Ok(size) => Value::DimValue(size),
            Err(_) => Value::DimParam((*dim).to_owned()),
        }),
        ..Dimension::default()
    };
    let shape = TensorShapeProto { dim: dims.iter().map(one).collect() };
    let tensor = type_proto::Tensor { elem_type: Some(kind as i32), shape: Some(shape) };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}
