//! Large files, packed and cut, so that a download that broke off goes on where it stopped.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use flate2::{Compression, GzBuilder};
use lzma_rust2::{Lzma2Options, Lzma2Writer};

use super::content;

/// Bytes of a part; the last one is shorter.
pub const PART: usize = 512 << 10;
/// LZMA's strongest setting.
const PRESET: u32 = 9;
/// A dictionary must have as many bytes at least.
const DICTIONARY: usize = 4096;

/// A packed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Bytes that whoever unpacks it keeps at hand.
    pub dictionary: u32,
    /// The parts in order, each with its name.
    pub parts: Vec<(String, Vec<u8>)>,
}

/// What LZMA2 makes of bytes, in parts. Packing takes a while, so `scratch` keeps what it gave.
///
/// # Errors
/// When the scratch folder cannot be written.
pub fn pack(bytes: &[u8], scratch: &Path) -> io::Result<Packed> {
    let dictionary = u32::try_from(bytes.len().max(DICTIONARY)).map_err(io::Error::other)?;
    let kept = scratch.join(content::name("packed", "file.lzma2", bytes));
    let packed = match fs::read(&kept) {
        Ok(packed) => packed,
        Err(_) => {
            let packed = lzma2(bytes, dictionary)?;
            fs::create_dir_all(kept.parent().unwrap_or(scratch))?;
            fs::write(&kept, &packed)?;
            packed
        }
    };
    let parts = packed.chunks(PART).map(|part| (content::name("parts", "part.bin", part), part.to_vec()));
    Ok(Packed { dictionary, parts: parts.collect() })
}

fn lzma2(bytes: &[u8], dictionary: u32) -> io::Result<Vec<u8>> {
    let mut options = Lzma2Options::with_preset(PRESET);
    options.lzma_options.dict_size = dictionary;
    let mut packed = Lzma2Writer::new(Vec::new(), options);
    packed.write_all(bytes)?;
    packed.finish()
}

/// What gzip makes of bytes at its best, as hosts compress.
///
/// # Errors
/// None that memory has.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzBuilder::new().write(Vec::new(), Compression::best());
    packed.write_all(bytes)?;
    packed.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use lzma_rust2::Lzma2Reader;

    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        // Numbers that nothing makes smaller: more than one part.
        let mut state = 1u32;
        let bytes: Vec<u8> = (0..PART + 100_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let scratch = tempfile::tempdir().unwrap();
        let Packed { dictionary, parts } = pack(&bytes, scratch.path()).unwrap();
        // The second time it is found, and the same.
        assert_eq!(fs::read_dir(scratch.path().join("packed")).unwrap().count(), 1);
        assert_eq!(pack(&bytes, scratch.path()).unwrap().parts, parts);
        assert_eq!((dictionary as usize, parts.len(), parts[0].1.len()), (bytes.len(), 2, PART));
        let joined: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part).collect();
        let mut back = vec![];
        Lzma2Reader::new(joined.as_slice(), dictionary, None).read_to_end(&mut back).unwrap();
        assert!(back == bytes);
    }
}
