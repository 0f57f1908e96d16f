// Distillation losses of rows of logits, each logit read once.
//
// With t and s the logits of teacher and student, T the temperature, p = softmax(t / T) and
// q = softmax(s / T), a row of `stats` [8, rows] holds
//   0  KL(p ‖ q)   1  −Σ p log q   2  −log softmax(s)[label]
//   3  max s       4  log Σ exp((s − max s) / T)   5  log Σ exp(s − max s)
//   6  max t       7  log Σ exp((t − max t) / T)
// Both maxima run along with the sums, which are rescaled whenever one of them grows ("online
// softmax", Milakov and Gimelshein 2018). A label of −100 leaves the row out: 0, 1 and 2 are 0.
// #import rows
@group(0) @binding(0) var<storage, read_write> student: array<f32>; // [rows, classes]
@group(0) @binding(1) var<storage, read_write> teacher: array<f32>; // [rows, classes] or unread
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // [rows]
@group(0) @binding(3) var<storage, read_write> stats: array<f32>; // [8, rows]
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
}

var<workgroup> parts: array<Part, 256>;

// The same sums relative to larger maxima.
fn rebased(part: Part, max_s: f32, max_t: f32) -> Part {
    let b = (part.max_s - max_s) * info.inverse_temperature;
    let a = (part.max_t - max_t) * info.inverse_temperature;
    let scale = exp(a);
    return Part(
        max_s, part.sum_s * exp(b), part.sum_1 * exp(part.max_s - max_s),
        max_t, part.sum_t * scale,
        scale * (part.gap + part.sum_t * (a - b)),
        scale * (part.cross + part.sum_t * b),
    );
}

fn absorbed(before: Part, s: f32, t: f32) -> Part {
    var part = before;
    if s > part.max_s || t > part.max_t {
        part = rebased(part, max(part.max_s, s), max(part.max_t, t));
    }
    let b = (s - part.max_s) * info.inverse_temperature;
    let a = (t - part.max_t) * info.inverse_temperature;
    let weight = exp(a);
    part.sum_s += exp(b);
    part.sum_1 += exp(s - part.max_s);
    part.sum_t += weight;
    part.gap += weight * (a - b);
    part.cross += weight * b;
    return part;
}

fn merged(x: Part, y: Part) -> Part {
    let max_s = max(x.max_s, y.max_s);
    let max_t = max(x.max_t, y.max_t);
    let a = rebased(x, max_s, max_t);
    let b = rebased(y, max_s, max_t);
    return Part(
        max_s, a.sum_s + b.sum_s, a.sum_1 + b.sum_1,
        max_t, a.sum_t + b.sum_t, a.gap + b.gap, a.cross + b.cross,
    );
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
    var part = Part(FLOOR, 0.0, 0.0, FLOOR, 0.0, 0.0, 0.0);
    if row < info.rows {
        for (var c = lane; c < info.classes; c += lanes) {
            let at = row * info.classes + c;
            var t = 0.0;
            if info.teacher == 1u {
                t = floored(teacher[at]);
            }
            part = absorbed(part, floored(student[at]), t);
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
    if row >= info.rows || lane != 0u {
        return;
    }

    part = parts[lid];
    let rows = info.rows;
    let label = labels[row];
    let log_s = log(part.sum_s);
    let log_t = log(part.sum_t);
    var log_1 = log(part.sum_1);
    var terms = vec3<f32>(0.0, 0.0, 0.0);
    if label >= 0 && u32(label) < info.classes {
        let s = floored(student[row * info.classes + u32(label)]);
        terms.z = log_1 - (s - part.max_s);
        if info.teacher == 1u {
            terms.x = part.gap / part.sum_t + log_s - log_t;
            terms.y = log_s - part.cross / part.sum_t;
        }
    } else if label != -100 {
        // Neither a class nor left out: NaN, here and through `stats` in the gradient.
        var nan = 0x7fc00000u;
        log_1 = bitcast<f32>(nan);
        terms = vec3<f32>(log_1);
    }
    stats[row] = terms.x;
    stats[rows + row] = terms.y;
    stats[2u * rows + row] = terms.z;
    stats[3u * rows + row] = part.max_s;
    stats[4u * rows + row] = log_s;
    stats[5u * rows + row] = log_1;
    stats[6u * rows + row] = part.max_t;
    stats[7u * rows + row] = log_t;
}
