// `stats` of logit_rows.wgsl from the `state` of logit_tile.wgsl, all of whose tiles were swept.
// #import rows
// #import divergence
// #import parts
// #import norms
// #import row_stats
// #import state
@group(0) @binding(0) var<storage, read_write> labels: array<i32>; // [rows]
@group(0) @binding(1) var<storage, read_write> state: array<f32>; // [14, rows]
@group(0) @binding(2) var<storage, read_write> stats: array<f32>; // [15, rows]
@group(0) @binding(3) var<storage, read> info: Info;

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) lid: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let row = row_of(lid, group, groups, 1u);
    if row >= info.rows {
        return;
    }
    let mixture = vec4<f32>(kept(10u, row), kept(11u, row), kept(12u, row), kept(13u, row));
    write_stats(row, labels[row], rest_of(row), label_of(row), mixture);
}
