// How many numbers of the same group are no larger than each number: what a split by quantile needs,
// without sorting and without reading anything back.
//
// `output` [2, count] holds for each number the count of those in its group that are ≤ it (itself
// included), and the size of its group. Numbers of a negative group are left out: both are 0.
const GROUP: u32 = 256u;

struct Info {
    count: u32,
}

@group(0) @binding(0) var<storage, read_write> values: array<f32>; // [count]
@group(0) @binding(1) var<storage, read_write> members: array<i32>; // [count]: the group of each
@group(0) @binding(2) var<storage, read_write> output: array<f32>; // [2, count]
@group(0) @binding(3) var<storage, read> info: Info;

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) lid: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let here = (group.x + group.y * groups.x) * GROUP + lid;
    let inside = here < info.count;
    var value = 0.0;
    var mine = -1;
    if inside {
        value = values[here];
        mine = members[here];
    }
    var below = 0u;
    var size = 0u;
    for (var other = 0u; other < info.count; other += 1u) {
        if members[other] == mine {
            size += 1u;
            below += select(0u, 1u, values[other] <= value);
        }
    }
    if inside {
        output[here] = select(f32(below), 0.0, mine < 0);
        output[info.count + here] = select(f32(size), 0.0, mine < 0);
    }
}
