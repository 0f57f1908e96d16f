// A divergence D of two distributions, term by term from their logarithms; a softmax's gradient
// with respect to its logits is q · (∂D/∂q − Σ q ∂D/∂q), so each term also gives q · ∂D/∂q.
const KL: u32 = 0u;
const SOFT_CROSS_ENTROPY: u32 = 1u;
const REVERSE_KL: u32 = 2u;
const JS: u32 = 3u;
const SKEW_KL: u32 = 4u;
const SKEW_REVERSE_KL: u32 = 5u;
const TVD: u32 = 6u;

// log(share · p + (1 − share) · q)
fn mixed(lp: f32, lq: f32, share: f32) -> f32 {
    let a = lp + log(share);
    let b = lq + log(1.0 - share);
    let largest = max(a, b);
    return largest + log(exp(a - largest) + exp(b - largest));
}

// The term's value and its q · ∂D/∂q, this up to a multiple of q.
fn term(lp: f32, lq: f32) -> vec2<f32> {
    let p = exp(lp);
    let q = exp(lq);
    let share = info.share;
    switch info.kind {
        case SOFT_CROSS_ENTROPY: {
            return vec2<f32>(-p * lq, -p);
        }
        case REVERSE_KL: {
            return vec2<f32>(q * (lq - lp));
        }
        case JS: {
            let m = mixed(lp, lq, share);
            let back = (1.0 - share) * q * (lq - m);
            return vec2<f32>(share * p * (lp - m) + back, back);
        }
        case SKEW_KL: {
            let m = mixed(lp, lq, share);
            return vec2<f32>(p * (lp - m), -(1.0 - share) * exp(lp + lq - m));
        }
        case SKEW_REVERSE_KL: {
            let m = mixed(lp, lq, 1.0 - share);
            let value = q * (lq - m);
            return vec2<f32>(value, value - share * exp(2.0 * lq - m));
        }
        case TVD: {
            return 0.5 * vec2<f32>(abs(p - q), q * sign(q - p));
        }
        default: {
            return vec2<f32>(p * (lp - lq), -p);
        }
    }
}
