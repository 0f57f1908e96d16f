const LANES: u32 = 64u;

var<workgroup> parts: array<vec2<f32>, 64>;

// What 64 invocations have seen of a row, in all of them.
fn together(sums: vec2<f32>, lane: u32) -> vec2<f32> {
    parts[lane] = sums;
    workgroupBarrier();
    for (var apart = 32u; apart > 0u; apart /= 2u) {
        if lane < apart {
            parts[lane] += parts[lane + apart];
        }
        workgroupBarrier();
    }
    let all = parts[0];
    workgroupBarrier();
    return all;
}

fn largest(number: f32, lane: u32) -> f32 {
    parts[lane].x = number;
    workgroupBarrier();
    for (var apart = 32u; apart > 0u; apart /= 2u) {
        if lane < apart {
            parts[lane].x = max(parts[lane].x, parts[lane + apart].x);
        }
        workgroupBarrier();
    }
    let most = parts[0].x;
    workgroupBarrier();
    return most;
}
