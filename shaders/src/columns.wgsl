// Sums of the columns of parts of a matrix, one column of one part in every invocation.

struct Info {
    rows: u32,
    columns: u32,
    each: u32, // rows of a part
    parts: u32,
}

@group(0) @binding(0) var<storage, read_write> x: array<f32>; // [rows, columns]
@group(0) @binding(1) var<storage, read_write> sums: array<f32>; // [parts, columns]
@group(0) @binding(2) var<storage, read> info: Info;

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= info.columns || id.y >= info.parts {
        return;
    }
    var sum = 0.0;
    let end = min((id.y + 1u) * info.each, info.rows);
    for (var row = id.y * info.each; row < end; row += 1u) {
        sum += x[row * info.columns + id.x];
    }
    sums[id.y * info.columns + id.x] = sum;
}
