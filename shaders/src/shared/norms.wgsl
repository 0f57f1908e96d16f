// What normalises a row: its sums over all classes but the label's (`rest`), with the label's
// logits over all (`whole`), and their logarithms.

// The label's a and b are 0: nothing to add to gap, cross and back.
fn with_label(rest: Part, logits: vec2<f32>) -> Part {
    return merged(rest, Part(logits.x, 1.0, 1.0, logits.y, 1.0, 0.0, 0.0, 0.0));
}

struct Norms {
    log_s: f32, // log Σ exp((s − max s) / T)
    log_t: f32,
    rest_s: f32, // the same over all classes but the label's, relative to the same maximum
    rest_t: f32,
}

fn norms_of(whole: Part, rest: Part) -> Norms {
    let inverse = info.inverse_temperature;
    return Norms(
        log(whole.sum_s),
        log(whole.sum_t),
        (rest.max_s - whole.max_s) * inverse + log(rest.sum_s),
        (rest.max_t - whole.max_t) * inverse + log(rest.sum_t),
    );
}

// A class's term of D(p, q) in x and y, of D(p̂, q̂) in z and w; for mixtures, which need norms.
fn mixed_terms(logits: vec2<f32>, whole: Part, norms: Norms, other: bool) -> vec4<f32> {
    let b = (logits.x - whole.max_s) * info.inverse_temperature;
    let a = (logits.y - whole.max_t) * info.inverse_temperature;
    var others = vec2<f32>(0.0);
    if other {
        others = term(a - norms.rest_t, b - norms.rest_s);
    }
    return vec4<f32>(term(a - norms.log_t, b - norms.log_s), others);
}
