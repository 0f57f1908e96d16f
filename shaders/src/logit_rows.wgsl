// Distillation losses of rows of logits.
//
// With t and s the logits of teacher and student, T the temperature, p = softmax(t / T) and
// q = softmax(s / T), and g the label, p splits into the pair p_b = (p_g, 1 − p_g) and the
// distribution p̂ over the other classes; q likewise. A row of `stats` [15, rows] holds
//    0  D(p, q)   1  D(p_b, q_b)   2  D(p̂, q̂)   3  −log softmax(s)[g]   4  log (1 − p_g)/p_g
//    5  max s     6  log Σ exp((s − max s) / T)    7  log Σ exp(s − max s)
//    8  max t     9  log Σ exp((t − max t) / T)
//   10, 11  the sums 6 and 9 over all classes but g
//   12  Σ q ∂D/∂q   13  the gradient of 1 with respect to s_g, times T   14  as 12, of p̂ and q̂
// The maxima run along with the sums, which are rescaled whenever one of them grows ("online
// softmax", Milakov and Gimelshein 2018), so each logit is read once; divergences of a mixture of
// p and q need both normalised and read them a second time. The label's class stays out of the
// sums and is added at the end: 1 − p_g is a sum, never a difference, and given as log-odds, which
// tell 1e-9 from 0 and from each other at either end. A label of −100 leaves the
// row out: 0 to 4 are 0. A label of −1 is none: 1, 2, 3 and 4 are 0.
// #import rows
// #import divergence
// #import parts
// #import norms
// #import row_stats
// #import logits
@group(0) @binding(0) var<storage, read_write> student: array<f32>; // [rows, classes]
@group(0) @binding(1) var<storage, read_write> teacher: array<f32>; // [rows, classes] or unread
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // [rows]
@group(0) @binding(3) var<storage, read_write> stats: array<f32>; // [15, rows]
@group(0) @binding(4) var<storage, read> info: Info;

var<workgroup> parts: array<Part, 256>;
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
    var label = LEFT_OUT;
    if inside {
        label = labels[row];
    }
    let labelled = label >= 0 && u32(label) < info.vocabulary;

    var part = NOTHING;
    if inside {
        for (var c = lane; c < info.classes; c += lanes) {
            if i32(c) != label {
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

    // All classes but the label's, then all.
    let rest = parts[lid - lane];
    var whole = rest;
    var at_label = vec2<f32>(0.0);
    if labelled {
        at_label = at(row, u32(label));
        whole = with_label(rest, at_label);
    }

    var sums = vec4<f32>(0.0);
    if inside && info.kind >= JS {
        let norms = norms_of(whole, rest);
        for (var c = lane; c < info.classes; c += lanes) {
            sums += mixed_terms(at(row, c), whole, norms, labelled && i32(c) != label);
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
    if inside && lane == 0u {
        write_stats(row, label, rest, at_label, terms[lid]);
    }
}
