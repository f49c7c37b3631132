//! CBOR as a tree, so that a recorded message can be taken apart and changed
//! without any message type of today.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use minicbor::{Decoder, Encoder, data::Type};

/// Deeper than any message is; a recorded file is not trusted either.
const DEPTH: u32 = 32;

/// One CBOR item of those the protocol uses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Int(i128),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Self>),
    /// Integer keys, as every map of the protocol has.
    Map(BTreeMap<u64, Self>),
    Bool(bool),
    Float(f64),
    Null,
}

impl Tree {
    /// The one item these bytes are.
    pub(crate) fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut decoder = Decoder::new(bytes);
        let tree = read(&mut decoder, DEPTH)?;
        ensure!(
            decoder.position() == bytes.len(),
            "bytes after the end of the message"
        );
        Ok(tree)
    }

    /// Deterministic CBOR.
    pub(crate) fn write(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        write(self, &mut Encoder::new(&mut bytes))?;
        Ok(bytes)
    }

    /// A field of a map or an array by its number; `None` if it is not there
    /// or null.
    pub(crate) fn get(&self, number: usize) -> Option<&Self> {
        let found = match self {
            Self::Map(map) => map.get(&(number as u64)),
            Self::Array(items) => items.get(number),
            _ => None,
        };
        found.filter(|tree| **tree != Self::Null)
    }

    /// The same, where it must be.
    pub(crate) fn need(&self, number: usize) -> anyhow::Result<&Self> {
        self.get(number)
            .with_context(|| format!("field {number} is missing"))
    }

    pub(crate) fn uint(&self) -> anyhow::Result<u64> {
        match self {
            Self::Int(number) => Ok(u64::try_from(*number)?),
            other => bail!("{other:?} is no number"),
        }
    }

    pub(crate) fn bytes(&self) -> anyhow::Result<&[u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => bail!("{other:?} are no bytes"),
        }
    }

    pub(crate) fn text(&self) -> anyhow::Result<&str> {
        match self {
            Self::Text(text) => Ok(text),
            other => bail!("{other:?} is no text"),
        }
    }

    pub(crate) fn flag(&self) -> anyhow::Result<bool> {
        match self {
            Self::Bool(flag) => Ok(*flag),
            other => bail!("{other:?} is no boolean"),
        }
    }

    pub(crate) fn items(&self) -> anyhow::Result<&[Self]> {
        match self {
            Self::Array(items) => Ok(items),
            other => bail!("{other:?} is no array"),
        }
    }

    pub(crate) fn hex(&self) -> anyhow::Result<String> {
        Ok(hex::encode(self.bytes()?))
    }
}

fn read(decoder: &mut Decoder<'_>, depth: u32) -> anyhow::Result<Tree> {
    let deeper = depth.checked_sub(1).context("nested too deep")?;
    Ok(match decoder.datatype()? {
        Type::Bool => Tree::Bool(decoder.bool()?),
        Type::Null => {
            decoder.null()?;
            Tree::Null
        }
        Type::Bytes => Tree::Bytes(decoder.bytes()?.to_vec()),
        Type::String => Tree::Text(decoder.str()?.to_owned()),
        Type::F16 | Type::F32 | Type::F64 => Tree::Float(decoder.f64()?),
        Type::Array => {
            let count = decoder.array()?.context("an array without a length")?;
            let items = (0..count).map(|_| read(decoder, deeper));
            Tree::Array(items.collect::<anyhow::Result<_>>()?)
        }
        Type::Map => {
            let count = decoder.map()?.context("a map without a length")?;
            let pairs = (0..count).map(|_| Ok((decoder.u64()?, read(decoder, deeper)?)));
            Tree::Map(pairs.collect::<anyhow::Result<_>>()?)
        }
        _ => Tree::Int(decoder.int()?.into()),
    })
}

fn write(tree: &Tree, to: &mut Encoder<&mut Vec<u8>>) -> anyhow::Result<()> {
    match tree {
        Tree::Int(number) => to.int(minicbor::data::Int::try_from(*number)?)?,
        Tree::Bytes(bytes) => to.bytes(bytes)?,
        Tree::Text(text) => to.str(text)?,
        Tree::Bool(flag) => to.bool(*flag)?,
        Tree::Float(number) => to.f64(*number)?,
        Tree::Null => to.null()?,
        Tree::Array(items) => {
            to.array(items.len() as u64)?;
            for item in items {
                write(item, to)?;
            }
            to
        }
        Tree::Map(map) => {
            to.map(map.len() as u64)?;
            for (key, value) in map {
                to.u64(*key)?;
                write(value, to)?;
            }
            to
        }
    };
    Ok(())
}

#[test]
fn a_recorded_message_taken_apart_and_put_together_is_the_same() {
    let mut messages = 0;
    for scenario in super::fixture::load_scenarios(1).unwrap() {
        for step in scenario.steps {
            for body in [&step.body, &step.answer] {
                if body.is_empty() {
                    continue;
                }
                let cbor = wangge_model::protocol::inflate(body).unwrap();
                let tree = Tree::read(&cbor).unwrap();
                assert_eq!(
                    tree.write().unwrap(),
                    cbor,
                    "{}: {}",
                    scenario.name,
                    step.says
                );
                messages += 1;
            }
        }
    }
    assert!(messages > 30, "{messages}");
}
