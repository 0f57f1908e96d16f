// Distillation losses of rows of logits whose vocabulary comes in tiles: the first sweep.
//
// A row of `state` [14, rows] holds what was learned of the classes seen so far:
//    0 to 7  the sums of `Part` over all of them but the label's
//    8, 9    student's and teacher's logit at the label, once its tile was there
//   10 to 13 summed terms and slopes of D(p, q) and of D(p̂, q̂), of the second sweep
// The sums of two sets of classes merge into those of both, so the tiles are swept one after the
// other and no row of logits need ever exist. Divergences of a mixture of p and q need the sums of
// all classes before their terms: logit_tile_mix.wgsl sweeps again. logit_tile_stats.wgsl makes
// `stats` of the state, and logit_rows_grad.wgsl takes it from there.
// #import rows
// #import parts
// #import logits
// #import state
@group(0) @binding(0) var<storage, read_write> student: array<f32>; // [rows, classes], a tile
@group(0) @binding(1) var<storage, read_write> teacher: array<f32>; // [rows, classes] or unread
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // [rows]
@group(0) @binding(3) var<storage, read_write> state: array<f32>; // [14, rows]
@group(0) @binding(4) var<storage, read> info: Info;

var<workgroup> parts: array<Part, 256>;

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
    var label = LEFT_OUT;
    if inside {
        label = labels[row];
    }

    var part = NOTHING;
    if inside {
        for (var c = lane; c < info.classes; c += lanes) {
            if i32(info.first + c) != label {
                let logits = at(row, c);
                part = absorbed(part, logits.x, logits.y);
            }
        }
    }
    parts[lid] = part;
    workgroupBarrier();
    for (var apart = GROUP / 2u; apart > 0u; apart /= 2u) {
        if apart < lanes && lane < apart {
            parts[lid] = merged(parts[lid], parts[lid + apart]);
        }
        workgroupBarrier();
    }
    if !inside || lane != 0u {
        return;
    }

    var logits = vec2<f32>(0.0);
    part = parts[lid];
    if info.first > 0u {
        logits = label_of(row);
        part = merged(rest_of(row), part);
    }
    let last = info.first + info.classes;
    if label >= 0 && u32(label) >= info.first && u32(label) < last {
        logits = at(row, u32(label) - info.first);
    }
    keep(0u, row, part.max_s);
    keep(1u, row, part.sum_s);
    keep(2u, row, part.sum_1);
    keep(3u, row, part.max_t);
    keep(4u, row, part.sum_t);
    keep(5u, row, part.gap);
    keep(6u, row, part.cross);
    keep(7u, row, part.back);
    keep(8u, row, logits.x);
    keep(9u, row, logits.y);
    for (var number = 10u; number < 14u; number += 1u) {
        keep(number, row, 0.0);
    }
}
