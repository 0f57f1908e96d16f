// The second sweep of logit_tile.wgsl, for divergences of a mixture of p and q: with the sums of all
// classes in `state`, adds a tile's terms to 10 to 13.
// #import rows
// #import divergence
// #import parts
// #import norms
// #import logits
// #import state
@group(0) @binding(0) var<storage, read_write> student: array<f32>; // [rows, classes], a tile
@group(0) @binding(1) var<storage, read_write> teacher: array<f32>; // [rows, classes]
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // [rows]
@group(0) @binding(3) var<storage, read_write> state: array<f32>; // [14, rows]
@group(0) @binding(4) var<storage, read> info: Info;

var<workgroup> terms: array<vec4<f32>, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) lid: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let lanes = info.lanes;
    let lane = lid % lanes;
    let row = row_of(lid, group, groups, lanes);
    let inside = row < info.rows;

    var sums = vec4<f32>(0.0);
    if inside {
        let label = labels[row];
        let labelled = label >= 0 && u32(label) < info.vocabulary;
        let rest = rest_of(row);
        var whole = rest;
        if labelled {
            whole = with_label(rest, label_of(row));
        }
        let norms = norms_of(whole, rest);
        for (var c = lane; c < info.classes; c += lanes) {
            sums += mixed_terms(at(row, c), whole, norms, labelled && i32(info.first + c) != label);
        }
    }
    terms[lid] = sums;
    workgroupBarrier();
    for (var apart = GROUP / 2u; apart > 0u; apart /= 2u) {
        if apart < lanes && lane < apart {
            terms[lid] += terms[lid + apart];
        }
        workgroupBarrier();
    }
    if !inside || lane != 0u {
        return;
    }
    for (var number = 0u; number < 4u; number += 1u) {
        keep(10u + number, row, kept(10u + number, row) + terms[lid][number]);
    }
}
