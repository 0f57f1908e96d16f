//! Unpacks LZMA2 (the xz of streams, without its frame) while it arrives: in chunks, each as soon as it is whole.

use std::io::{self, Read};

use lzma_rust2::Lzma2Reader;

/// An unpacker of one stream.
pub struct Unpacker {
    reader: Lzma2Reader<Fed>,
    over: bool,
}

/// What was fed, and how much of it is used up.
#[derive(Default)]
struct Fed {
    bytes: Vec<u8>,
    at: usize,
}

impl Read for Fed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = (&self.bytes[self.at..]).read(into)?;
        self.at += read;
        Ok(read)
    }
}

impl Unpacker {
    /// For a stream that was packed with a dictionary of so many bytes.
    pub fn new(dictionary: u32) -> Self {
        Self { reader: Lzma2Reader::new(Fed::default(), dictionary, None), over: false }
    }

    /// Takes the bytes that follow.
    pub fn feed(&mut self, bytes: &[u8]) {
        let fed = self.reader.inner_mut();
        fed.bytes.drain(..fed.at);
        fed.at = 0;
        fed.bytes.extend_from_slice(bytes);
    }

    /// The next chunk, unpacked; none where more has to be fed, or nothing follows.
    ///
    /// # Errors
    /// When what was fed is not LZMA2.
    pub fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let fed = self.reader.inner();
        let ahead = &fed.bytes[fed.at..];
        match measure(ahead) {
            Some(Chunk { packed, plain }) if packed <= ahead.len() => {
                self.over = plain == 0;
                let mut chunk = vec![0; plain];
                self.reader.read_exact(&mut chunk)?;
                Ok((!self.over).then_some(chunk))
            }
            _ => Ok(None),
        }
    }

    /// Whether the stream's end was reached.
    pub fn is_over(&self) -> bool {
        self.over
    }
}

/// Bytes of a chunk, its head among the packed ones.
struct Chunk {
    packed: usize,
    plain: usize,
}

/// How large the chunk is whose head this is; none where the head is not whole.
fn measure(head: &[u8]) -> Option<Chunk> {
    let number = |at: usize| Some(usize::from(u16::from_be_bytes([*head.get(at)?, *head.get(at + 1)?])));
    match *head.first()? {
        0 => Some(Chunk { packed: 1, plain: 0 }),
        control @ 0x80.. => Some(Chunk {
            // Bits 5 and 6: whether a byte of properties follows.
            packed: number(3)? + 1 + if control < 0xc0 { 5 } else { 6 },
            plain: (usize::from(control & 0x1f) << 16) + number(1)? + 1,
        }),
        // As it is; any other control byte is the reader's to refuse.
        _ => Some(Chunk { packed: number(1)? + 1 + 3, plain: number(1)? + 1 }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lzma_rust2::{Lzma2Options, Lzma2Writer};

    use super::*;

    const DICTIONARY: u32 = 1 << 20;

    /// Words that repeat, and numbers that do not.
    fn plain() -> Vec<u8> {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let mut plain = b"the student learns from the teacher ".repeat(30_000);
        plain.extend((0..200_000).map(|_| noise()));
        plain
    }

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut options = Lzma2Options::with_preset(6);
        options.lzma_options.dict_size = DICTIONARY;
        let mut writer = Lzma2Writer::new(vec![], options);
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn however_it_arrives_it_is_the_whole() {
        let plain = plain();
        let packed = packed(&plain);
        for size in [7, 1000, packed.len()] {
            let (mut unpacker, mut back) = (Unpacker::new(DICTIONARY), vec![]);
            for bytes in packed.chunks(size) {
                assert!(!unpacker.is_over());
                unpacker.feed(bytes);
                while let Some(chunk) = unpacker.chunk().unwrap() {
                    back.extend(chunk);
                }
            }
            assert!(unpacker.is_over() && back == plain, "{size} bytes at a time: {} bytes", back.len());
        }
    }

    #[test]
    fn half_of_it_is_not_over_and_something_else_is_refused() {
        let packed = packed(&plain());
        let mut unpacker = Unpacker::new(DICTIONARY);
        unpacker.feed(&packed[..packed.len() / 2]);
        while unpacker.chunk().unwrap().is_some() {}
        assert!(!unpacker.is_over());
        let mut unpacker = Unpacker::new(DICTIONARY);
        unpacker.feed(b"<html>not found</html>".repeat(10_000).as_slice());
        assert!(unpacker.chunk().is_err());
    }
}
