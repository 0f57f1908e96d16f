// The slope of attention in q. An invocation has ROWS queries of a head, and makes their probabilities again, key by key.

// #import attention

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>; // [text, head, query, size]
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>; // [text, head / sharing, key, size]
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>; // the same
@group(0) @binding(3) var<storage, read_write> mask: array<f32>; // [1 or text, 1 or query, key]
@group(0) @binding(4) var<storage, read_write> norms: array<vec2<f32>>; // [text, query, head], of means.wgsl
@group(0) @binding(5) var<storage, read_write> upstream: array<vec4<f32>>; // [text, head, query, size]
@group(0) @binding(6) var<storage, read_write> slope: array<vec4<f32>>; // [text, query, head, size]
@group(0) @binding(7) var<storage, read> info: Info;

@compute @workgroup_size($GROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let first = id.x * $ROWSu;
    if first >= info.queries {
        return;
    }
    let text = id.z / info.heads;
    let head = id.z % info.heads;
    // #each I ROWS
    let row_$I = min(first + $Iu, info.queries - 1u);
    let at_$I = start(info.q, text, head, row_$I);
    let up_at_$I = start(info.up, text, head, row_$I);
    let hides_$I = text * info.mask_text + row_$I * info.mask_row;
    let place_$I = (id.z * info.queries + row_$I) * info.keys;
    let norm_$I = norms[(text * info.queries + row_$I) * info.heads + head];
    // #each J PARTS
    let q_$I_$J = q[at_$I + $Ju];
    let up_$I_$J = upstream[up_at_$I + $Ju];
    var d_$I_$J = vec4<f32>();
    // #end
    // #end

    for (var key = 0u; key < info.keys; key += 1u) {
        let of_k = start(info.k, text, head / info.sharing, key);
        let of_v = start(info.v, text, head / info.sharing, key);
        // #each I ROWS
        var s_$I = 0.0;
        var t_$I = 0.0;
        // #end
        // #each J PARTS
        let k_$J = k[of_k + $Ju];
        let v_$J = v[of_v + $Ju];
        // #each I ROWS
        s_$I += dot(q_$I_$J, k_$J);
        t_$I += dot(up_$I_$J, v_$J);
        // #end
        // #end
        // #each I ROWS
        let p_$I = exp(s_$I * info.inverse + mask[hides_$I + key] - norm_$I.x);
        let w_$I = p_$I * (t_$I * kept(place_$I + key) - norm_$I.y) * info.inverse;
        // #each J PARTS
        d_$I_$J += w_$I * k_$J;
        // #end
        // #end
    }

    // #each I ROWS
    if first + $Iu < info.queries {
        let to = ((text * info.queries + row_$I) * info.heads + head) * $PARTSu;
        // #each J PARTS
        slope[to + $Ju] = d_$I_$J;
        // #end
    }
    // #end
}
