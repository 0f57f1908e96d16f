// The slope of attention in k. An invocation has ROWS keys, and sees the queries of all heads that share them.

// #import attention

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>; // [text, head, query, size]
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>; // [text, head / sharing, key, size]
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>; // the same
@group(0) @binding(3) var<storage, read_write> mask: array<f32>; // [1 or text, 1 or query, key]
@group(0) @binding(4) var<storage, read_write> norms: array<vec2<f32>>; // [text, query, head], of means.wgsl
@group(0) @binding(5) var<storage, read_write> upstream: array<vec4<f32>>; // [text, head, query, size]
@group(0) @binding(6) var<storage, read_write> slope: array<vec4<f32>>; // [text, key, head / sharing, size]
@group(0) @binding(7) var<storage, read> info: Info;

@compute @workgroup_size($GROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let first = id.x * $ROWSu;
    if first >= info.keys {
        return;
    }
    let groups = info.heads / info.sharing;
    let text = id.z / groups;
    let group = id.z % groups;
    // #each I ROWS
    let key_$I = min(first + $Iu, info.keys - 1u);
    let of_k_$I = start(info.k, text, group, key_$I);
    let of_v_$I = start(info.v, text, group, key_$I);
    // #each J PARTS
    let k_$I_$J = k[of_k_$I + $Ju];
    let v_$I_$J = v[of_v_$I + $Ju];
    var d_$I_$J = vec4<f32>();
    // #end
    // #end

    for (var each = 0u; each < info.sharing * info.queries; each += 1u) {
        let head = group * info.sharing + each / info.queries;
        let query = each % info.queries;
        let row = (text * info.queries + query) * info.heads + head;
        let place = ((text * info.heads + head) * info.queries + query) * info.keys;
        let norm = norms[row];
        let hides = text * info.mask_text + query * info.mask_row;
        let at = start(info.q, text, head, query);
        let up_at = start(info.up, text, head, query);
        // #each I ROWS
        var s_$I = 0.0;
        var t_$I = 0.0;
        // #end
        // #each J PARTS
        let q_$J = q[at + $Ju];
        let up_$J = upstream[up_at + $Ju];
        // #each I ROWS
        s_$I += dot(q_$J, k_$I_$J);
        t_$I += dot(up_$J, v_$I_$J);
        // #end
        // #end
        // #each I ROWS
        let p_$I = exp(s_$I * info.inverse + mask[hides + key_$I] - norm.x);
        let w_$I = p_$I * (t_$I * kept(place + key_$I) - norm.y) * info.inverse;
        // #each J PARTS
        d_$I_$J += w_$I * q_$J;
        // #end
        // #end
    }

    // #each I ROWS
    if first + $Iu < info.keys {
        let to = ((text * info.keys + key_$I) * groups + group) * $PARTSu;
        // #each J PARTS
        slope[to + $Ju] = d_$I_$J;
        // #end
    }
    // #end
}
