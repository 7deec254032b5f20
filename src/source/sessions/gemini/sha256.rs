//! SHA-256, by which Gemini CLI named the folder of a project until 2026.
//!
//! It finds a folder and protects nothing, so these lines stand in for a crate and its six dependencies.

/// The digest of `bytes` in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut message = bytes.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend((bytes.len() as u64 * 8).to_be_bytes());
    let mut state = root_bits(8, f64::sqrt);
    let constants = root_bits(64, f64::cbrt);
    for block in message.chunks_exact(64) {
        let mut words: Vec<u32> = block
            .chunks_exact(4)
            .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        for i in 16..64 {
            let (a, b) = (words[i - 15], words[i - 2]);
            let low = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let high = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            let sum = words[i - 16].wrapping_add(words[i - 7]);
            words.push(sum.wrapping_add(low).wrapping_add(high));
        }
        let mut v = state.clone();
        for (constant, word) in constants.iter().zip(&words) {
            let (a, e) = (v[0], v[4]);
            let high = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & v[5]) ^ (!e & v[6]);
            let first = [high, choice, *constant, *word]
                .iter()
                .fold(v[7], |sum, part| sum.wrapping_add(*part));
            let low = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
            v.rotate_right(1);
            v[0] = first.wrapping_add(low).wrapping_add(majority);
            v[4] = v[4].wrapping_add(first);
        }
        for (sum, part) in state.iter_mut().zip(v) {
            *sum = sum.wrapping_add(part);
        }
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}

/// The first 32 bits of the fractional parts of a root of the first `n` primes: the constants of the algorithm.
fn root_bits(n: usize, root: fn(f64) -> f64) -> Vec<u32> {
    let is_prime = |k: &u32| {
        (2..*k)
            .take_while(|d| d * d <= *k)
            .all(|d| !k.is_multiple_of(d))
    };
    let primes = (2..).filter(is_prime).take(n);
    primes
        .map(|prime| (root(f64::from(prime)).fract() * 4_294_967_296.0) as u32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        let check = |text: &str, expected: &str| assert_eq!(hex(text.as_bytes()), expected);
        check(
            "",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        );
        check(
            "abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check(
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        );
        check(
            &"a".repeat(1000),
            "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3",
        );
    }
}
