// The gradient of logit_rows' terms with respect to the student's logits, from `stats`: one more
// read of each logit and one write. The classes may be a tile of them, from `first` on.
//
// `upstream` [15, rows] is the gradient of `stats`; its first four rows weigh
//   D(p, q)      (term(p, q) − q · stats₁₂) / T
//   D(p_b, q_b)  stats₁₃ / T at the label, −q̂ · stats₁₃ / T elsewhere
//   D(p̂, q̂)      (term(p̂, q̂) − q̂ · stats₁₄) / T, 0 at the label
//   −log softmax(s)[g]   softmax(s) − onehot(g)
// #import rows
// #import divergence
@group(0) @binding(0) var<storage, read_write> student: array<f32>; // [rows, classes]
@group(0) @binding(1) var<storage, read_write> teacher: array<f32>; // [rows, classes] or unread
@group(0) @binding(2) var<storage, read_write> labels: array<i32>; // [rows]
@group(0) @binding(3) var<storage, read_write> stats: array<f32>; // [15, rows]
@group(0) @binding(4) var<storage, read_write> upstream: array<f32>; // [15, rows]
@group(0) @binding(5) var<storage, read_write> output: array<f32>; // [rows, classes]
@group(0) @binding(6) var<storage, read> info: Info;

@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) lid: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let row = row_of(lid, group, groups, info.lanes);
    if row >= info.rows {
        return;
    }
    let rows = info.rows;
    let label = labels[row];
    let inverse = info.inverse_temperature;
    let max_s = stats[5u * rows + row];
    let log_s = stats[6u * rows + row];
    let log_1 = stats[7u * rows + row];
    let max_t = stats[8u * rows + row];
    let log_t = stats[9u * rows + row];
    let rest_s = stats[10u * rows + row];
    let rest_t = stats[11u * rows + row];
    let mean = stats[12u * rows + row];
    let pair = stats[13u * rows + row];
    let rest_mean = stats[14u * rows + row];
    var weight = vec4<f32>(upstream[row], upstream[rows + row], upstream[2u * rows + row], upstream[3u * rows + row]);
    if label == UNLABELLED {
        weight = vec4<f32>(weight.x, 0.0, 0.0, 0.0);
    }

    for (var c = lid % info.lanes; c < info.classes; c += info.lanes) {
        let at = row * info.classes + c;
        let s = floored(student[at]) - max_s;
        let here = i32(info.first + c) == label;
        var gradient = weight.w * (exp(s - log_1) - select(0.0, 1.0, here));
        if info.teacher == 1u {
            let b = s * inverse;
            let a = (floored(teacher[at]) - max_t) * inverse;
            var divergence = weight.x * (term(a - log_t, b - log_s).y - exp(b - log_s) * mean);
            if here {
                divergence += weight.y * pair;
            } else if weight.y != 0.0 || weight.z != 0.0 {
                let q = exp(b - rest_s);
                divergence += weight.z * (term(a - rest_t, b - rest_s).y - q * rest_mean) - weight.y * q * pair;
            }
            gradient += divergence * inverse;
        }
        output[at] = select(gradient, 0.0, label == LEFT_OUT);
    }
}
