// What the slopes of attention need of every query: log Σ exp of its scores, and Σ context · its slope, which is the
// mean of its probabilities' slopes.

struct Info {
    heads: u32,
    queries: u32,
    parts: u32, // a head's size / 4
    text: u32, // where the slope lies: numbers from one text to the next, from one head, from one query
    head: u32,
    row: u32,
}

@group(0) @binding(0) var<storage, read_write> context: array<vec4<f32>>; // [text, query, head, size]
@group(0) @binding(1) var<storage, read_write> upstream: array<vec4<f32>>; // [text, head, query, size]
@group(0) @binding(2) var<storage, read_write> logs: array<f32>; // [text, query, head]
@group(0) @binding(3) var<storage, read_write> norms: array<vec2<f32>>; // [text, query, head]
@group(0) @binding(4) var<storage, read> info: Info;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= info.queries {
        return;
    }
    let text = id.z / info.heads;
    let head = id.z % info.heads;
    let row = (text * info.queries + id.x) * info.heads + head;
    let up = (text * info.text + head * info.head + id.x * info.row) / 4u;
    var mean = 0.0;
    for (var part = 0u; part < info.parts; part += 1u) {
        mean += dot(context[row * info.parts + part], upstream[up + part]);
    }
    norms[row] = vec2<f32>(logs[row], mean);
}
