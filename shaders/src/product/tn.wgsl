    // #each P TP
    let column_a_$P = inside(m0 + 4u * $Pu, info.m);
    // #end
    // #each Q TQ
    let column_b_$Q = inside(n0 + 4u * $Qu, info.n);
    // #end
    for (var k = 0u; k < info.k; k += 1u) {
        // #each Q TQ
        let b_$Q = load_b(b0 + k * info.b.row, column_b_$Q, info.n);
        // #end
        // #each P TP
        {
            let a = load_a(a0 + k * info.a.row, column_a_$P, info.m);
            // #each Q TQ
            // #each U 4
            c_$P_$U_$Q += a[$U] * b_$Q;
            // #end
            // #end
        }
        // #end
    }
