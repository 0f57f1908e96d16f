    // #each P TP
    // #each U 4
    let row_a_$P_$U = a0 + min(m0 + 4u * $Pu + $Uu, info.m - 1u) * info.a.row;
    // #end
    // #end
    // #each Q TQ
    let column_$Q = inside(n0 + 4u * $Qu, info.n);
    // #end
    for (var k = 0u; k < info.k; k += 4u) {
        // #each P TP
        // #each U 4
        let a_$P_$U = load_a(row_a_$P_$U, k, info.k);
        // #end
        // #end
        // #each V 4
        {
            // After the last row comes the last row again, taken no times.
            let row_b = b0 + min(k + $Vu, info.k - 1u) * info.b.row;
            // #each Q TQ
            {
                let b = load_b(row_b, column_$Q, info.n);
                // #each P TP
                // #each U 4
                c_$P_$U_$Q += a_$P_$U[$V] * b;
                // #end
                // #end
            }
            // #end
        }
        // #end
    }
