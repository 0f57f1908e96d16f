//! A large file, compressed and cut, so that a download that broke off goes on where it stopped.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};

use super::content;

/// Bytes of a part; the last one is shorter.
pub const PART: usize = 512 << 10;

/// What gzip makes of bytes at its best; the same for the same bytes.
///
/// # Errors
/// None that memory has.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzBuilder::new().write(Vec::new(), Compression::best());
    packed.write_all(bytes)?;
    packed.finish()
}

/// The parts in order, each with its name.
pub fn cut(packed: &[u8]) -> Vec<(String, Vec<u8>)> {
    packed.chunks(PART).map(|part| (content::name("parts", "part.bin", part), part.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        // Numbers that gzip cannot make smaller: more than one part.
        let mut state = 1u32;
        let bytes: Vec<u8> = (0..PART + 100_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let packed = gzip(&bytes).unwrap();
        assert_eq!(packed, gzip(&bytes).unwrap());
        let parts = cut(&packed);
        assert_eq!((parts.len(), parts[0].1.len()), (2, PART));
        let joined: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part).collect();
        let mut back = vec![];
        flate2::read::GzDecoder::new(joined.as_slice()).read_to_end(&mut back).unwrap();
        assert!(back == bytes);
    }
}
