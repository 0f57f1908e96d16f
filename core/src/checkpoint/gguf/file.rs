//! The GGUF container: a header of named values, a list of tensors, their blocks.
//!
//! Little-endian, versions 2 and 3 (`docs/gguf.md` of ggml).

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::blocks::Kind;
use crate::{Error, Result};

const MAGIC: &[u8] = b"GGUF";

/// Where the file does not say on which multiple of bytes tensors start.
const ALIGNMENT: usize = 32;

/// ggml's most.
const MOST_DIMENSIONS: usize = 4;

/// What a file says, and where its numbers are.
#[derive(Debug)]
pub struct File<'a> {
    /// How errors call it.
    pub at: &'a str,
    /// The named values; numbers of any width are numbers.
    pub metadata: Map<String, Value>,
    /// By their names.
    pub tensors: BTreeMap<String, Tensor<'a>>,
}

/// A tensor as it lies in the file.
#[derive(Debug)]
pub struct Tensor<'a> {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// How its numbers are written.
    pub kind: &'static Kind,
    /// Its blocks.
    pub bytes: &'a [u8],
}

impl<'a> File<'a> {
    /// Reads the header; the numbers stay where they are.
    ///
    /// # Errors
    /// [`Error::Input`] when the bytes are no GGUF file, or not a whole one.
    pub fn read(at: &'a str, bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader { at, bytes, place: 0 };
        let wanted = "a GGUF file, version 2 or 3";
        if !bytes.starts_with(MAGIC) {
            return Err(Error::input(at, wanted, "another file"));
        }
        reader.take(MAGIC.len())?;
        match u32::from_le_bytes(reader.array()?) {
            2 | 3 => {}
            // Read with its bytes the other way round, a small number is a large one.
            version if version.swap_bytes() <= 3 => return Err(Error::input(at, wanted, "a big-endian one")),
            version => return Err(Error::input(at, wanted, format!("version {version}"))),
        }
        let (tensors, values) = (reader.size()?, reader.size()?);
        let mut metadata = Map::new();
        for _ in 0..values {
            let name = reader.string()?;
            let kind = u32::from_le_bytes(reader.array()?);
            let value = reader.value(kind, &name)?;
            metadata.insert(name, value);
        }
        let mut places = vec![];
        for _ in 0..tensors {
            places.push(reader.tensor()?);
        }
        let alignment = match metadata.get("general.alignment") {
            None => ALIGNMENT,
            Some(value) => value.as_u64().filter(|&bytes| bytes > 0 && bytes < 1 << 20).ok_or_else(|| {
                Error::input(format!("{at}: general.alignment"), "a number of bytes", value.to_string())
            })? as usize,
        };
        let start = reader.place.next_multiple_of(alignment);
        let mut found = BTreeMap::new();
        for Place { name, shape, kind, length, offset } in places {
            let place = format!("{at}: {name}");
            let from = start.checked_add(offset);
            let bytes = from.and_then(|from| bytes.get(from..from.checked_add(length)?));
            let bytes = bytes.ok_or_else(|| {
                Error::input(&place, format!("{length} bytes at {offset} of the tensors"), "a file that ends before")
            })?;
            if found.insert(name, Tensor { shape, kind, bytes }).is_some() {
                return Err(Error::input(place, "one tensor of this name", "two"));
            }
        }
        Ok(Self { at, metadata, tensors: found })
    }

    /// Where a named value is, for errors.
    pub fn place(&self, key: &str) -> String {
        format!("{}: {key}", self.at)
    }

    /// A named value of one kind, if it is there.
    fn named<'b, T>(&'b self, key: &str, wanted: &str, take: impl FnOnce(&'b Value) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.metadata.get(key) else { return Ok(None) };
        let wrong = || match value {
            Value::Array(values) => format!("a list of {}", values.len()),
            other => other.to_string(),
        };
        take(value).map(Some).ok_or_else(|| Error::input(self.place(key), wanted, wrong()))
    }

    /// A size or an id.
    ///
    /// # Errors
    /// [`Error::Input`] when the value is something else; so with the others.
    pub fn size(&self, key: &str) -> Result<Option<usize>> {
        self.named(key, "a size", |value| value.as_u64().and_then(|size| usize::try_from(size).ok()))
    }

    /// A number.
    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        self.named(key, "a number", Value::as_f64)
    }

    /// Yes or no.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.named(key, "true or false", Value::as_bool)
    }

    /// A word.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        self.named(key, "text", Value::as_str)
    }

    /// A list.
    pub fn list(&self, key: &str) -> Result<Option<&[Value]>> {
        self.named(key, "a list", |value| value.as_array().map(Vec::as_slice))
    }

    /// A value that must be there.
    ///
    /// # Errors
    /// [`Error::Input`] when it is not.
    pub fn needed<T>(&self, key: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| Error::input(self.place(key), "a value", "none"))
    }
}

/// A tensor's entry in the header.
struct Place {
    name: String,
    shape: Vec<usize>,
    kind: &'static Kind,
    /// In bytes.
    length: usize,
    /// From where the tensors start.
    offset: usize,
}

/// Goes through the header.
struct Reader<'a> {
    at: &'a str,
    bytes: &'a [u8],
    place: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.place.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.place..end));
        let taken = taken
            .ok_or_else(|| Error::input(self.at, "a whole GGUF file", format!("one of {} bytes", self.bytes.len())))?;
        self.place += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn size(&mut self) -> Result<usize> {
        let size = u64::from_le_bytes(self.array()?);
        usize::try_from(size).map_err(|_| Error::input(self.at, "a GGUF file", format!("a size of {size}")))
    }

    fn string(&mut self) -> Result<String> {
        let length = self.size()?;
        let place = self.place;
        String::from_utf8(self.take(length)?.to_vec())
            .map_err(|error| Error::input(format!("{}: byte {place}", self.at), "text in UTF-8", error.to_string()))
    }

    /// A value of one of the format's kinds.
    fn value(&mut self, kind: u32, name: &str) -> Result<Value> {
        Ok(match kind {
            0 => u8::from_le_bytes(self.array()?).into(),
            1 => i8::from_le_bytes(self.array()?).into(),
            2 => u16::from_le_bytes(self.array()?).into(),
            3 => i16::from_le_bytes(self.array()?).into(),
            4 => u32::from_le_bytes(self.array()?).into(),
            5 => i32::from_le_bytes(self.array()?).into(),
            6 => decimal(f32::from_le_bytes(self.array()?)),
            7 => (self.array::<1>()? != [0]).into(),
            8 => self.string()?.into(),
            9 => {
                let kind = u32::from_le_bytes(self.array()?);
                let count = self.size()?;
                if kind == 9 {
                    return Err(Error::input(format!("{}: {name}", self.at), "a list of values", "a list of lists"));
                }
                (0..count).map(|_| self.value(kind, name)).collect::<Result<Vec<_>>>()?.into()
            }
            10 => u64::from_le_bytes(self.array()?).into(),
            11 => i64::from_le_bytes(self.array()?).into(),
            12 => f64::from_le_bytes(self.array()?).into(),
            _ => {
                return Err(Error::input(format!("{}: {name}", self.at), "a kind of value, 0 to 12", kind.to_string()));
            }
        })
    }

    fn tensor(&mut self) -> Result<Place> {
        let name = self.string()?;
        let at = format!("{}: {name}", self.at);
        let dimensions = u32::from_le_bytes(self.array()?) as usize;
        if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
            return Err(Error::input(at, format!("1 to {MOST_DIMENSIONS} dimensions"), dimensions.to_string()));
        }
        let mut shape = (0..dimensions).map(|_| self.size()).collect::<Result<Vec<_>>>()?;
        let values = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        let wrong = || Error::input(&at, "sizes of a tensor", format!("{shape:?}"));
        let values = values.filter(|&values| values > 0).ok_or_else(wrong)?;
        let id = u32::from_le_bytes(self.array()?);
        let kind =
            Kind::of(id).ok_or_else(|| Error::input(&at, format!("one of {}", Kind::names()), Kind::name(id)))?;
        if !shape[0].is_multiple_of(kind.length) {
            let wanted = format!("rows of whole blocks of {}, as {} has them", kind.length, kind.name);
            return Err(Error::input(at, wanted, format!("rows of {}", shape[0])));
        }
        let length = kind.bytes(values).ok_or_else(wrong)?;
        shape.reverse();
        Ok(Place { name, shape, kind, length, offset: self.size()? })
    }
}

/// A number as it was meant: 1e-5 is not 9.999999747378752e-6.
fn decimal(value: f32) -> Value {
    let shortest: f64 = value.to_string().parse().unwrap_or(f64::NAN);
    Number::from_f64(shortest).map_or(Value::Null, Value::Number)
}
