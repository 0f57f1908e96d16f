//! The safetensors format: eight bytes of header length, a JSON header, the numbers.
//!
//! Read here rather than by the crate of that name because a file from anywhere deserves an error
//! that names the tensor, and because the crate lets a later tensor replace an earlier one of the
//! same name.

use std::{collections::BTreeMap, fmt};

use half::{bf16, f16};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::HostTensor;
use crate::{Error, Result};

/// Bytes before the header: its length.
const PREFIX: usize = 8;

/// Longest header that is read, as the format's own library has it.
const LONGEST_HEADER: u64 = 100_000_000;

/// What the names end with of tensors that are no parameters: old checkpoints carry positions that
/// only count, masks, and the speeds of rotary positions.
const BUFFERS: [&str; 6] =
    ["position_ids", ".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", ".inv_freq"];

/// Key of the header that is no tensor.
const METADATA: &str = "__metadata__";

/// Tensors by name.
pub type Tensors = BTreeMap<String, HostTensor>;

/// What else a file says, as text.
pub type Metadata = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// A tensor's place in the file.
struct Slot {
    name: String,
    entry: Entry,
}

/// A header in the file's own order, with every name it has.
struct Header {
    slots: Vec<Slot>,
    metadata: Metadata,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a map from names to tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header { slots: vec![], metadata: Metadata::new() };
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        METADATA => header.metadata = map.next_value()?,
                        _ => header.slots.push(Slot { name, entry: map.next_value()? }),
                    }
                }
                Ok(header)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// Reads a file's tensors as 32-bit numbers. F32, F16 and BF16 are understood.
///
/// What old checkpoints carry beside their parameters is left out: position ids, masks, the speeds of
/// rotary positions.
///
/// # Errors
/// [`Error::Input`] naming the tensor when the file is cut short, its header does not describe
/// its bytes, a name occurs twice, or a number is not finite.
pub fn safetensors_read(at: &str, bytes: &[u8]) -> Result<(Tensors, Metadata)> {
    let (header, data) = split(at, bytes)?;
    let Header { mut slots, metadata } = header;
    slots.sort_by_key(|slot| slot.entry.data_offsets);
    let mut tensors = Tensors::new();
    let mut end = 0;
    for Slot { name, entry } in slots {
        let [from, to] = entry.data_offsets;
        let place = format!("{at}: {name}");
        if from != end || to < from {
            return Err(Error::input(place, format!("bytes that start at {end}"), format!("bytes {from} to {to}")));
        }
        let bytes = data.get(from..to).ok_or_else(|| {
            Error::input(
                &place,
                format!("bytes within the {} of the file", data.len()),
                format!("bytes {from} to {to}"),
            )
        })?;
        end = to;
        if BUFFERS.iter().any(|buffer| name.ends_with(buffer)) {
            continue;
        }
        let data = numbers(&place, &entry, bytes)?;
        let tensor = HostTensor { shape: entry.shape, data };
        if tensors.insert(name, tensor).is_some() {
            return Err(Error::input(place, "one tensor of this name", "two"));
        }
    }
    if end != data.len() {
        return Err(Error::input(at, format!("{end} bytes of tensors"), format!("{} bytes", data.len())));
    }
    Ok((tensors, metadata))
}

/// Header and tensor bytes.
fn split<'a>(at: &str, bytes: &'a [u8]) -> Result<(Header, &'a [u8])> {
    let (prefix, rest) = bytes
        .split_first_chunk::<PREFIX>()
        .ok_or_else(|| Error::input(at, "a safetensors file", format!("{} bytes", bytes.len())))?;
    let length = u64::from_le_bytes(*prefix);
    let found = || format!("a header of {length} bytes in a file of {}", bytes.len());
    if length > LONGEST_HEADER {
        return Err(Error::input(at, "a safetensors file", found()));
    }
    let (header, data) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| Error::input(at, "a whole safetensors file", found()))?;
    let header = serde_json::from_slice(header)
        .map_err(|error| Error::input(format!("{at}: header"), "the tensors' names and places", error.to_string()))?;
    Ok((header, data))
}

/// A tensor's numbers.
fn numbers(place: &str, entry: &Entry, bytes: &[u8]) -> Result<Vec<f32>> {
    let width = match entry.dtype.as_str() {
        "F32" => 4,
        "F16" | "BF16" => 2,
        other => return Err(Error::input(place, "F32, F16 or BF16", other)),
    };
    let count = entry.shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
    if count.and_then(|count| count.checked_mul(width)) != Some(bytes.len()) {
        let wanted = format!("the bytes of shape {:?} in {}", entry.shape, entry.dtype);
        return Err(Error::input(place, wanted, format!("{} bytes", bytes.len())));
    }
    let pairs = || bytes.as_chunks::<2>().0.iter();
    let values: Vec<f32> = match entry.dtype.as_str() {
        "F32" => bytes.as_chunks::<4>().0.iter().map(|&four| f32::from_le_bytes(four)).collect(),
        "F16" => pairs().map(|&two| f16::from_le_bytes(two).to_f32()).collect(),
        _ => pairs().map(|&two| bf16::from_le_bytes(two).to_f32()).collect(),
    };
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(Error::input(place, "finite numbers", format!("{} at {index}", values[index]))),
        None => Ok(values),
    }
}

/// Writes tensors as F32, in the order of their names: the same tensors give the same bytes.
///
/// # Errors
/// [`Error::Storage`] when a shape does not fit its numbers.
pub fn safetensors_write(tensors: &Tensors, mut metadata: Metadata) -> Result<Vec<u8>> {
    // `transformers` refuses a file that does not say so.
    metadata.insert("format".into(), "pt".into());
    let failed = |error: serde_json::Error| Error::storage("safetensors", error);
    let mut header = format!("{{\"{METADATA}\":{}", serde_json::to_string(&metadata).map_err(failed)?);
    let mut end = 0;
    for (name, tensor) in tensors {
        if tensor.shape.iter().product::<usize>() != tensor.data.len() {
            let reason = format!("shape {:?} with {} numbers", tensor.shape, tensor.data.len());
            return Err(Error::storage(name, reason));
        }
        let start = end;
        end += 4 * tensor.data.len();
        let key = serde_json::to_string(name).map_err(failed)?;
        let shape = &tensor.shape;
        header += &format!(",{key}:{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}");
    }
    header.push('}');
    // The numbers begin at a multiple of eight.
    while !header.len().is_multiple_of(PREFIX) {
        header.push(' ');
    }
    let mut bytes = Vec::with_capacity(PREFIX + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header.into_bytes());
    for tensor in tensors.values() {
        bytes.extend(tensor.data.iter().flat_map(|value| value.to_le_bytes()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn refused(bytes: &[u8]) -> String {
        safetensors_read("m.safetensors", bytes).unwrap_err().to_string()
    }

    fn two() -> Tensors {
        let matrix = HostTensor { shape: vec![2, 2], data: vec![1.0, -2.5, 0.0, 3e-20] };
        let vector = HostTensor { shape: vec![3], data: vec![7.0, 8.0, f32::MAX] };
        BTreeMap::from([("b.weight".into(), vector), ("a \"quoted\" ä".into(), matrix)])
    }

    #[test]
    fn what_is_written_is_read_back_here_and_by_the_format_s_own_library() {
        let metadata = Metadata::from([("state".to_owned(), "{\"step\":3}".to_owned())]);
        let bytes = safetensors_write(&two(), metadata).unwrap();
        let (tensors, metadata) = safetensors_read("m", &bytes).unwrap();
        assert_eq!(tensors, two());
        assert_eq!(metadata["state"], "{\"step\":3}");
        let theirs = ::safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(theirs.tensor("b.weight").unwrap().shape(), [3]);
        assert_eq!(theirs.tensor("a \"quoted\" ä").unwrap().data()[4..8], (-2.5f32).to_le_bytes());
    }

    #[test]
    fn half_precision_is_read() {
        // 1.5 and −2 in each: F16 has ten bits of fraction, BF16 seven.
        for (dtype, data) in [("F16", [0x00, 0x3E, 0x00, 0xC0]), ("BF16", [0xC0, 0x3F, 0x00, 0xC0])] {
            let header = format!(r#"{{"w":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,4]}}}}"#);
            let (tensors, _) = safetensors_read("m", &file(&header, &data)).unwrap();
            assert_eq!(tensors["w"].data, [1.5, -2.0], "{dtype}");
        }
    }

    #[test]
    fn what_is_no_parameter_is_left_out() {
        for name in ["e.position_ids", "h.0.attn.bias", "layers.0.attention.masked_bias", "rotary_emb.inv_freq"] {
            let header = format!(r#"{{"{name}":{{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}}}"#);
            assert!(safetensors_read("m", &file(&header, &[0; 8])).unwrap().0.is_empty(), "{name}");
        }
        let header = r#"{"h.0.attn.c_attn.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        assert_eq!(safetensors_read("m", &file(header, &[0; 4])).unwrap().0.len(), 1);
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let bytes = safetensors_write(&two(), Metadata::new()).unwrap();
        for length in 0..bytes.len() {
            assert!(refused(&bytes[..length]).starts_with("m.safetensors"), "{length}");
        }
        assert!(refused(&bytes[..5]).contains("wanted a safetensors file, found 5 bytes"));
        assert!(refused(&bytes[..20]).contains("wanted a whole safetensors file"));
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let one = |entry: &str| format!(r#"{{"w":{{{entry}}}}}"#);
        let float = r#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#;
        let mut huge = file(&one(float), &[0; 4]);
        huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(refused(&huge).contains("a header of 18446744073709551615 bytes"), "{}", refused(&huge));

        for (header, data, says) in [
            ("{".to_owned(), 4, "header: wanted the tensors' names and places"),
            ("[]".to_owned(), 4, "header"),
            (one(r#""dtype":"F32","shape":[-1],"data_offsets":[0,4]"#), 4, "header"),
            (one(r#""dtype":"F32","shape":[1]"#), 4, "missing field `data_offsets`"),
            (one(r#""dtype":"F32","shape":[2],"data_offsets":[0,8]"#), 4, "w: wanted bytes within the 4 of the file"),
            (one(r#""dtype":"F32","shape":[1],"data_offsets":[4,0]"#), 4, "w: wanted bytes that start at 0"),
            (one(r#""dtype":"F32","shape":[1],"data_offsets":[4,8]"#), 8, "w: wanted bytes that start at 0"),
            (one(r#""dtype":"F32","shape":[3],"data_offsets":[0,4]"#), 4, "w: wanted the bytes of shape [3] in F32"),
            (
                one(r#""dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,4]"#),
                4,
                "w: wanted the bytes of shape",
            ),
            (one(r#""dtype":"I32","shape":[1],"data_offsets":[0,4]"#), 4, "w: wanted F32, F16 or BF16, found I32"),
            (one(float), 9, "wanted 4 bytes of tensors, found 9 bytes"),
            (format!(r#"{{"w":{{{float}}},"v":{{{float}}}}}"#), 4, "wanted bytes that start at 4, found bytes 0 to 4"),
            (
                r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#
                    .to_owned(),
                8,
                "w: wanted one tensor of this name, found two",
            ),
        ] {
            let error = refused(&file(&header, &vec![0; data]));
            assert!(error.contains(says), "{header}: {error}");
        }
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        for (value, says) in [(f32::NAN, "NaN at 1"), (f32::INFINITY, "inf at 1"), (f32::NEG_INFINITY, "-inf at 1")] {
            let tensor = HostTensor { shape: vec![3], data: vec![0.0, value, 0.0] };
            let bytes = safetensors_write(&BTreeMap::from([("w".into(), tensor)]), Metadata::new()).unwrap();
            let error = refused(&bytes);
            assert!(error.contains("m.safetensors: w: wanted finite numbers") && error.ends_with(says), "{error}");
        }
    }

    #[test]
    fn a_shape_that_does_not_fit_is_not_written() {
        let tensor = HostTensor { shape: vec![4], data: vec![0.0] };
        let error = safetensors_write(&BTreeMap::from([("w".into(), tensor)]), Metadata::new()).unwrap_err();
        assert_eq!(error.to_string(), "w: shape [4] with 1 numbers");
    }
}
