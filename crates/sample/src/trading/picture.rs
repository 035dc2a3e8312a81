//! Small PNG files for the binary columns: blocks of colour, mirrored left to right.

use crate::random::Random;

const SIDE: usize = 16;

/// A PNG file of 16 by 16 pixels with a palette of two colours, about 200 bytes.
pub(super) fn png(random: &mut Random) -> Vec<u8> {
    let colour = random.next_u64().to_be_bytes();
    let mut pixels = Vec::with_capacity(SIDE * 3);
    for _ in 0..SIDE / 2 {
        let half = (random.next_u64() >> 60) as u8 | ((random.next_u64() >> 60) as u8) << 4;
        // Each line begins with its filter type; two equal lines make a block.
        for _ in 0..2 {
            pixels.extend([0, half, half.reverse_bits()]);
        }
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    // Width, height, bit depth 1, colour type 3 (palette), and the only methods there are.
    chunk(&mut file, b"IHDR", &[0, 0, 0, SIDE as u8, 0, 0, 0, SIDE as u8, 1, 3, 0, 0, 0]);
    chunk(&mut file, b"PLTE", &[colour[0], colour[1], colour[2], 0xf4, 0xf1, 0xea]);
    chunk(&mut file, b"IDAT", &stored(&pixels));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    let sum = crc32fast::hash(&file[start..]);
    file.extend(sum.to_be_bytes());
}

/// A zlib stream of one stored block (RFC 1950, RFC 1951 section 3.2.4); 48 bytes are not worth packing.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = data.len() as u16;
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    let (low, high) = data.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_has_the_signature_and_whole_chunks() {
        let file = png(&mut Random::new(1));
        let mut rest = file.strip_prefix(b"\x89PNG\r\n\x1a\n".as_slice()).expect("signature");
        let mut kinds = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[..4].try_into().expect("length")) as usize;
            kinds.push(String::from_utf8_lossy(&rest[4..8]).into_owned());
            let sum = u32::from_be_bytes(rest[8 + length..12 + length].try_into().expect("sum"));
            assert_eq!(crc32fast::hash(&rest[4..8 + length]), sum, "{}", kinds[kinds.len() - 1]);
            rest = &rest[12 + length..];
        }
        assert_eq!(kinds, ["IHDR", "PLTE", "IDAT", "IEND"]);
    }
}
