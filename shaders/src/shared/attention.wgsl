// Where a tensor [text, head, row, size] lies: numbers from one text to the next, from one head, from one row.
struct Lie {
    text: u32,
    head: u32,
    row: u32,
}

struct Info {
    heads: u32,
    sharing: u32, // heads of queries to one of keys and values
    queries: u32,
    keys: u32,
    inverse: f32, // 1 / divisor
    mask_text: u32, // numbers from one text's mask to the next, 0 where it is the same
    mask_row: u32, // from one query's to the next
    key_0: u32, // dropout's seed, spread over two words
    key_1: u32,
    threshold: u32, // p · 2³²
    scale: f32, // 1 / (1 − p)
    q: Lie,
    k: Lie,
    v: Lie,
    up: Lie, // of the context's slope
}

// #import mixed

// What dropout multiplies a probability with, by its place among [text, head, query, key].
fn kept(at: u32) -> f32 {
    if info.threshold == 0u {
        return 1.0;
    }
    return select(0.0, info.scale, mixed(mixed(at ^ info.key_0) + info.key_1) >= info.threshold);
}

// In pieces of four.
fn start(lie: Lie, text: u32, head: u32, row: u32) -> u32 {
    return (text * lie.text + head * lie.head + row * lie.row) / 4u;
}
