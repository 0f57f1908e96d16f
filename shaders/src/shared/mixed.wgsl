// The finaliser of MurmurHash3: every bit of the input reaches every bit of the output.
fn mixed(word: u32) -> u32 {
    var x = word;
    x = (x ^ (x >> 16u)) * 0x85ebca6bu;
    x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
    return x ^ (x >> 16u);
}
