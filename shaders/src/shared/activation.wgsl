const GELU: u32 = 0u;
const GELU_NEW: u32 = 1u;
const SILU: u32 = 2u;
const RELU: u32 = 3u;

// erf, within a few units in the last place: x and x times a polynomial of x² near 0, further out 1 − exp of
// a polynomial, beyond 4 not to be told from 1.
fn erf(x: f32) -> f32 {
    let t = min(abs(x), 4.0);
    let s = t * t;
    var near = -5.96761703e-4;
    near = near * s + 4.99119423e-3;
    near = near * s - 2.67681349e-2;
    near = near * s + 1.12819925e-1;
    near = near * s - 3.76125336e-1;
    near = near * s + 1.28379166e-1;
    near = near * t + t;
    var far = -1.72853470e-5 * t + 3.83197126e-4;
    far = far * s + (-3.88396438e-3 * t + 2.42546219e-2);
    far = far * t - 1.06777877e-1;
    far = far * t - 6.34846687e-1;
    far = far * t - 1.28717512e-1;
    far = 1.0 - exp(far * t - t);
    let size = select(near, far, t > 0.921875);
    return select(size, -size, x < 0.0);
}

// What is squashed, and the share of it that stays: both of x.
fn bent(x: f32, kind: u32) -> vec2<f32> {
    switch kind {
        case GELU: {
            let below = 0.5 * erf(x * 0.70710678) + 0.5;
            return vec2<f32>(x * below, below + x * 0.39894228 * exp(-0.5 * x * x));
        }
        case GELU_NEW: {
            // x/2 (1 + tanh u) = x σ(2u)
            let share = 1.0 / (1.0 + exp(-1.59576912 * (x + 0.044715 * x * x * x)));
            return vec2<f32>(x * share, share + x * share * (1.0 - share) * 1.59576912 * (1.0 + 0.134145 * x * x));
        }
        case SILU: {
            let share = 1.0 / (1.0 + exp(-x));
            return vec2<f32>(x * share, share + x * share * (1.0 - share));
        }
        default: {
            return vec2<f32>(max(x, 0.0), select(0.0, 1.0, x > 0.0));
        }
    }
}
