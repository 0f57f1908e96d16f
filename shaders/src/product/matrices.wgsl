struct Info {
    m: u32,
    n: u32,
    k: u32,
    bias: u32, // 1: there is one
    inner: u32, // matrices of a block of the batch
    a: Lie,
    b: Lie,
    c: Lie,
}

// Numbers from one block of a batch to the next, from one matrix of a block to the next, and from one row to
// the next.
struct Lie {
    block: u32,
    matrix: u32,
    row: u32,
}

fn start(number: u32, lie: Lie) -> u32 {
    return number / info.inner * lie.block + number % info.inner * lie.matrix;
}

@group(0) @binding(0) var<storage, read_write> a: array<Piece>;
@group(0) @binding(1) var<storage, read_write> b: array<Piece>;
@group(0) @binding(2) var<storage, read_write> bias: array<Piece>; // [n]
@group(0) @binding(3) var<storage, read_write> c: array<Piece>; // [m, n]
@group(0) @binding(4) var<storage, read> info: Info;
