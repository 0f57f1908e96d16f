struct Info {
    m: u32,
    n: u32,
    k: u32,
    stride_a: u32, // numbers from one matrix of a batch to the next
    stride_b: u32,
    stride_c: u32,
    bias: u32, // 1: there is one
}

@group(0) @binding(0) var<storage, read_write> a: array<Piece>;
@group(0) @binding(1) var<storage, read_write> b: array<Piece>;
@group(0) @binding(2) var<storage, read_write> bias: array<Piece>; // [n]
@group(0) @binding(3) var<storage, read_write> c: array<Piece>; // [m, n]
@group(0) @binding(4) var<storage, read> info: Info;
