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

const NOTHING = Part(FLOOR, 0.0, 0.0, FLOOR, 0.0, 0.0, 0.0, 0.0);

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
