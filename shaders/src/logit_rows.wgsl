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
@group(0) @binding(0) var<storage, read_write> student: array<f32>; // [rows, classes]
@group(0) @binding(1) var<storage, read_write> teacher: array<f32>; // [rows, classes] or unread
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // [rows]
@group(0) @binding(3) var<storage, read_write> stats: array<f32>; // [15, rows]
@group(0) @binding(4) var<storage, read_write> info: Info;

// Sums over some of a row's classes, relative to the largest logits among them.
// With a = (t − max_t) / T and b = (s − max_s) / T:
struct Part {
    max_s: f32,
    sum_s: f32, // Σ exp b
    sum_1: f32, // Σ exp(s − max_s)
    max_t: f32,
    sum_t: f32, // Σ exp a
    gap: f32, // Σ exp(a) · (a − b)
    cross: f32, // Σ exp(a) · b
    back: f32, // Σ exp(b) · (b − a)
}

var<workgroup> parts: array<Part, 256>;
var<workgroup> terms: array<vec4<f32>, 256>;

// The same sums relative to larger maxima.
fn rebased(part: Part, max_s: f32, max_t: f32) -> Part {
    let b = (part.max_s - max_s) * info.inverse_temperature;
    let a = (part.max_t - max_t) * info.inverse_temperature;
    let scale_t = exp(a);
    let scale_s = exp(b);
    return Part(
        max_s, part.sum_s * scale_s, part.sum_1 * exp(part.max_s - max_s),
        max_t, part.sum_t * scale_t,
        scale_t * (part.gap + part.sum_t * (a - b)),
        scale_t * (part.cross + part.sum_t * b),
        scale_s * (part.back + part.sum_s * (b - a)),
    );
}

fn absorbed(before: Part, s: f32, t: f32) -> Part {
    var part = before;
    if s > part.max_s || t > part.max_t {
        part = rebased(part, max(part.max_s, s), max(part.max_t, t));
    }
    let b = (s - part.max_s) * info.inverse_temperature;
    let a = (t - part.max_t) * info.inverse_temperature;
    let weight_t = exp(a);
    let weight_s = exp(b);
    part.sum_s += weight_s;
    part.sum_1 += exp(s - part.max_s);
    part.sum_t += weight_t;
    part.gap += weight_t * (a - b);
    part.cross += weight_t * b;
    part.back += weight_s * (b - a);
    return part;
}

fn merged(x: Part, y: Part) -> Part {
    let max_s = max(x.max_s, y.max_s);
    let max_t = max(x.max_t, y.max_t);
    let a = rebased(x, max_s, max_t);
    let b = rebased(y, max_s, max_t);
    return Part(
        max_s, a.sum_s + b.sum_s, a.sum_1 + b.sum_1,
        max_t, a.sum_t + b.sum_t, a.gap + b.gap, a.cross + b.cross, a.back + b.back,
    );
}

// D and Σ q ∂D/∂q of the softmaxes whose sums these are, for divergences that sums suffice for.
fn divergence(part: Part) -> vec2<f32> {
    let log_s = log(part.sum_s);
    let log_t = log(part.sum_t);
    switch info.kind {
        case SOFT_CROSS_ENTROPY: {
            return vec2<f32>(log_s - part.cross / part.sum_t, -1.0);
        }
        case REVERSE_KL: {
            return vec2<f32>(part.back / part.sum_s + log_t - log_s);
        }
        default: {
            return vec2<f32>(part.gap / part.sum_t + log_s - log_t, -1.0);
        }
    }
}

fn at(row: u32, c: u32) -> vec2<f32> {
    let place = row * info.classes + c;
    var t = 0.0;
    if info.teacher == 1u {
        t = floored(teacher[place]);
    }
    return vec2<f32>(floored(student[place]), t);
}

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
    let labelled = label >= 0 && u32(label) < info.classes;

    var part = Part(FLOOR, 0.0, 0.0, FLOOR, 0.0, 0.0, 0.0, 0.0);
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
    if labelled {
        let logits = at(row, u32(label));
        whole = merged(rest, Part(logits.x, 1.0, 1.0, logits.y, 1.0, 0.0, 0.0, 0.0));
        // Its own a and b are 0: nothing to add to gap, cross and back.
    }
    let inverse = info.inverse_temperature;
    let log_s = log(whole.sum_s);
    let log_t = log(whole.sum_t);
    let rest_s = (rest.max_s - whole.max_s) * inverse + log(rest.sum_s);
    let rest_t = (rest.max_t - whole.max_t) * inverse + log(rest.sum_t);

    // Mixtures: terms of all classes in x and y, of all but the label's in z and w.
    var sums = vec4<f32>(0.0);
    if inside && info.kind >= JS {
        for (var c = lane; c < info.classes; c += lanes) {
            let logits = at(row, c);
            let b = (logits.x - whole.max_s) * inverse;
            let a = (logits.y - whole.max_t) * inverse;
            let all = term(a - log_t, b - log_s);
            var others = vec2<f32>(0.0);
            if labelled && i32(c) != label {
                others = term(a - rest_t, b - rest_s);
            }
            sums += vec4<f32>(all, others);
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

    sums = terms[lid];
    if info.kind < JS {
        sums = vec4<f32>(divergence(whole), divergence(rest));
    }
    if !labelled {
        sums = vec4<f32>(sums.xy, 0.0, 0.0);
    }
    var log_1 = log(whole.sum_1);
    var values = vec4<f32>(0.0); // D(p, q), D(p_b, q_b), D(p̂, q̂), −log softmax(s)[g]
    var doubt = 0.0;
    var pair_gradient = 0.0;
    if label == UNLABELLED || labelled {
        values.x = sums.x;
    } else if label != LEFT_OUT {
        // Neither a class nor left out: NaN, here and through `stats` in the gradient.
        var nan = 0x7fc00000u;
        log_1 = bitcast<f32>(nan);
        values = vec4<f32>(log_1);
        doubt = log_1;
    }
    if labelled {
        let logits = at(row, u32(label));
        values.w = log_1 - (logits.x - whole.max_s);
        let b = (logits.x - whole.max_s) * inverse - log_s;
        let a = (logits.y - whole.max_t) * inverse - log_t;
        let hit = term(a, b);
        let miss = term(rest_t - log_t, rest_s - log_s);
        values.y = hit.x + miss.x;
        values.z = sums.z;
        doubt = rest_t - log_t - a;
        pair_gradient = hit.y - exp(b) * (hit.y + miss.y);
    }
    if info.teacher == 0u {
        values = vec4<f32>(0.0, 0.0, 0.0, values.w);
        doubt = 0.0;
    }
    let rows = info.rows;
    stats[row] = values.x;
    stats[rows + row] = values.y;
    stats[2u * rows + row] = values.z;
    stats[3u * rows + row] = values.w;
    stats[4u * rows + row] = doubt;
    stats[5u * rows + row] = whole.max_s;
    stats[6u * rows + row] = log_s;
    stats[7u * rows + row] = log_1;
    stats[8u * rows + row] = whole.max_t;
    stats[9u * rows + row] = log_t;
    stats[10u * rows + row] = rest_s;
    stats[11u * rows + row] = rest_t;
    stats[12u * rows + row] = sums.y;
    stats[13u * rows + row] = pair_gradient;
    stats[14u * rows + row] = sums.w;
}
