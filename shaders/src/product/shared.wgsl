// A square of SIDE × SIDE numbers of C in every workgroup of 16 × 16 invocations, EACH × EACH in each. What
// all of them read lies in the workgroup's memory, DEEP products at a time. For graphics hardware.

// #matrices

const DEEP: u32 = 16u;
const SIDE: u32 = 16u * $EACHu;

var<workgroup> part_a: array<f32, DEEP * SIDE>; // [DEEP, SIDE]
var<workgroup> part_b: array<f32, DEEP * SIDE>;

@compute @workgroup_size(16, 16)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let m0 = group.y * SIDE;
    let n0 = group.x * SIDE;
    let a0 = start(group.z, info.a);
    let b0 = start(group.z, info.b);
    // #each I EACH
    // #each J EACH
    var c_$I_$J = 0.0;
    // #end
    // #end
    for (var k0 = 0u; k0 < info.k; k0 += DEEP) {
        for (var at = index; at < DEEP * SIDE; at += 256u) {
            let in_a = place_a(at);
            part_a[in_a.y * SIDE + in_a.x] = load_a(a0, m0 + in_a.x, k0 + in_a.y);
            let in_b = place_b(at);
            part_b[in_b.y * SIDE + in_b.x] = load_b(b0, n0 + in_b.x, k0 + in_b.y);
        }
        workgroupBarrier();
        for (var k = 0u; k < DEEP; k += 1u) {
            // #each J EACH
            let b_$J = part_b[k * SIDE + local.x + 16u * $Ju];
            // #end
            // #each I EACH
            {
                let a = part_a[k * SIDE + local.y + 16u * $Iu];
                // #each J EACH
                c_$I_$J += a * b_$J;
                // #end
            }
            // #end
        }
        workgroupBarrier();
    }
    // #each I EACH
    // #each J EACH
    store(start(group.z, info.c), m0 + local.y + 16u * $Iu, n0 + local.x + 16u * $Ju, c_$I_$J);
    // #end
    // #end
}

fn store(start: u32, row: u32, column: u32, number: f32) {
    if row >= info.m || column >= info.n {
        return;
    }
    var sum = number;
    if info.bias == 1u {
        sum += bias[column];
    }
    c[start + row * info.c.row + column] = sum;
}

// Row or column of C, then place in the sum, of the number that is read `at`-th: neighbours in memory are
// read by neighbours.
fn along(at: u32) -> vec2<u32> {
    return vec2<u32>(at % SIDE, at / SIDE);
}

fn across(at: u32) -> vec2<u32> {
    return vec2<u32>(at / DEEP, at % DEEP);
}
