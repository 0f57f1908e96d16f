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

// The row of `stats` that a row's sums make, in the order of logit_rows.wgsl. `mixture` are the
// summed terms of a divergence that sums do not suffice for; `logits` are those at the label.
fn write_stats(row: u32, label: i32, rest: Part, logits: vec2<f32>, mixture: vec4<f32>) {
    let labelled = label >= 0 && u32(label) < info.vocabulary;
    var whole = rest;
    if labelled {
        whole = with_label(rest, logits);
    }
    let norms = norms_of(whole, rest);
    var sums = mixture;
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
        values.w = log_1 - (logits.x - whole.max_s);
        let b = (logits.x - whole.max_s) * info.inverse_temperature - norms.log_s;
        let a = (logits.y - whole.max_t) * info.inverse_temperature - norms.log_t;
        let hit = term(a, b);
        let miss = term(norms.rest_t - norms.log_t, norms.rest_s - norms.log_s);
        values.y = hit.x + miss.x;
        values.z = sums.z;
        doubt = norms.rest_t - norms.log_t - a;
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
    stats[6u * rows + row] = norms.log_s;
    stats[7u * rows + row] = log_1;
    stats[8u * rows + row] = whole.max_t;
    stats[9u * rows + row] = norms.log_t;
    stats[10u * rows + row] = norms.rest_s;
    stats[11u * rows + row] = norms.rest_t;
    stats[12u * rows + row] = sums.y;
    stats[13u * rows + row] = pair_gradient;
    stats[14u * rows + row] = sums.w;
}
