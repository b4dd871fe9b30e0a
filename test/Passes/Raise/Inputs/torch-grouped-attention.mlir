// As torch-mlir writes softmax(q @ k.T / 4 + mask + positions) @ v, keys and values being
// repeated for heads of a group, with
// an open number of queries; the maximum comes with its index.
#id4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#swap = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3, d2)>
#row = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#mask = affine_map<(d0, d1, d2, d3) -> (d0, 0, 0, d3)>
#repeat = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, 0, d3, d4)>
#id5 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
#heads = affine_map<(d0, d1, d2, d3) -> (0, d1, 0, d3)>
func.func @main(%q: tensor<2x4x?x16xf32> {tfc.name = "q"}, %k1: tensor<2x2x12x16xf32> {tfc.name = "k"}, %v1: tensor<2x2x12x8xf32> {tfc.name = "v"}, %m: tensor<2x1x1x12xf32> {tfc.name = "m"}, %n: tensor<1x4x1x12xf32> {tfc.name = "n"}) -> (tensor<2x4x?x8xf32> {tfc.name = "y"}) {
  %k2 = tensor.expand_shape %k1 [[0], [1, 2], [3], [4]] output_shape [2, 2, 1, 12, 16] : tensor<2x2x12x16xf32> into tensor<2x2x1x12x16xf32>
  %ke = tensor.empty() : tensor<2x2x2x12x16xf32>
  %kr = linalg.generic {indexing_maps = [#repeat, #id5], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%k2 : tensor<2x2x1x12x16xf32>) outs(%ke : tensor<2x2x2x12x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<2x2x2x12x16xf32>
  %k = tensor.collapse_shape %kr [[0], [1, 2], [3], [4]] : tensor<2x2x2x12x16xf32> into tensor<2x4x12x16xf32>
  %v2 = tensor.expand_shape %v1 [[0], [1, 2], [3], [4]] output_shape [2, 2, 1, 12, 8] : tensor<2x2x12x8xf32> into tensor<2x2x1x12x8xf32>
  %ve = tensor.empty() : tensor<2x2x2x12x8xf32>
  %vr = linalg.generic {indexing_maps = [#repeat, #id5], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%v2 : tensor<2x2x1x12x8xf32>) outs(%ve : tensor<2x2x2x12x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<2x2x2x12x8xf32>
  %v = tensor.collapse_shape %vr [[0], [1, 2], [3], [4]] : tensor<2x2x2x12x8xf32> into tensor<2x4x12x8xf32>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %four = arith.constant 4.0 : f32
  %none = arith.constant 0 : i64
  %c2 = arith.constant 2 : index
  %s = tensor.dim %q, %c2 : tensor<2x4x?x16xf32>
  %ket = tensor.empty() : tensor<2x4x16x12xf32>
  %kt = linalg.generic {indexing_maps = [#id4, #swap], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%k : tensor<2x4x12x16xf32>) outs(%ket : tensor<2x4x16x12xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<2x4x16x12xf32>
  %q3 = tensor.collapse_shape %q [[0, 1], [2], [3]] : tensor<2x4x?x16xf32> into tensor<8x?x16xf32>
  %k3 = tensor.collapse_shape %kt [[0, 1], [2], [3]] : tensor<2x4x16x12xf32> into tensor<8x16x12xf32>
  %e3 = tensor.empty(%s) : tensor<8x?x12xf32>
  %z3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<8x?x12xf32>) -> tensor<8x?x12xf32>
  %p3 = linalg.batch_matmul ins(%q3, %k3 : tensor<8x?x16xf32>, tensor<8x16x12xf32>) outs(%z3 : tensor<8x?x12xf32>) -> tensor<8x?x12xf32>
  %p = tensor.expand_shape %p3 [[0, 1], [2], [3]] output_shape [2, 4, %s, 12] : tensor<8x?x12xf32> into tensor<2x4x?x12xf32>
  %e = tensor.empty(%s) : tensor<2x4x?x12xf32>
  %scaled = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%p : tensor<2x4x?x12xf32>) outs(%e : tensor<2x4x?x12xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = arith.divf %in, %four : f32
    linalg.yield %r : f32
  } -> tensor<2x4x?x12xf32>
  %biased1 = linalg.generic {indexing_maps = [#id4, #mask, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%scaled, %m : tensor<2x4x?x12xf32>, tensor<2x1x1x12xf32>) outs(%e : tensor<2x4x?x12xf32>) {
  ^bb0(%in: f32, %b: f32, %out: f32):
    %r = arith.addf %in, %b : f32
    linalg.yield %r : f32
  } -> tensor<2x4x?x12xf32>
  %biased = linalg.generic {indexing_maps = [#id4, #heads, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%biased1, %n : tensor<2x4x?x12xf32>, tensor<1x4x1x12xf32>) outs(%e : tensor<2x4x?x12xf32>) {
  ^bb0(%in: f32, %b: f32, %out: f32):
    %r = arith.addf %in, %b : f32
    linalg.yield %r : f32
  } -> tensor<2x4x?x12xf32>
  %er = tensor.empty(%s) : tensor<2x4x?x1xf32>
  %ei = tensor.empty(%s) : tensor<2x4x?x1xi64>
  %lows = linalg.fill ins(%low : f32) outs(%er : tensor<2x4x?x1xf32>) -> tensor<2x4x?x1xf32>
  %firsts = linalg.fill ins(%none : i64) outs(%ei : tensor<2x4x?x1xi64>) -> tensor<2x4x?x1xi64>
  %max:2 = linalg.generic {indexing_maps = [#id4, #row, #row], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%biased : tensor<2x4x?x12xf32>) outs(%lows, %firsts : tensor<2x4x?x1xf32>, tensor<2x4x?x1xi64>) {
  ^bb0(%in: f32, %out: f32, %at: i64):
    %i = linalg.index 3 : index
    %i64 = arith.index_cast %i : index to i64
    %r = arith.maximumf %in, %out : f32
    %larger = arith.cmpf ogt, %in, %out : f32
    %where = arith.select %larger, %i64, %at : i64
    linalg.yield %r, %where : f32, i64
  } -> (tensor<2x4x?x1xf32>, tensor<2x4x?x1xi64>)
  %shifted = linalg.generic {indexing_maps = [#id4, #row, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%biased, %max#0 : tensor<2x4x?x12xf32>, tensor<2x4x?x1xf32>) outs(%e : tensor<2x4x?x12xf32>) {
  ^bb0(%in: f32, %b: f32, %out: f32):
    %r = arith.subf %in, %b : f32
    linalg.yield %r : f32
  } -> tensor<2x4x?x12xf32>
  %exp = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%shifted : tensor<2x4x?x12xf32>) outs(%e : tensor<2x4x?x12xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = math.exp %in : f32
    linalg.yield %r : f32
  } -> tensor<2x4x?x12xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<2x4x?x1xf32>) -> tensor<2x4x?x1xf32>
  %sum = linalg.generic {indexing_maps = [#id4, #row], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%exp : tensor<2x4x?x12xf32>) outs(%zr : tensor<2x4x?x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = arith.addf %in, %out : f32
    linalg.yield %r : f32
  } -> tensor<2x4x?x1xf32>
  %w = linalg.generic {indexing_maps = [#id4, #row, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%exp, %sum : tensor<2x4x?x12xf32>, tensor<2x4x?x1xf32>) outs(%e : tensor<2x4x?x12xf32>) {
  ^bb0(%in: f32, %b: f32, %out: f32):
    %r = arith.divf %in, %b : f32
    linalg.yield %r : f32
  } -> tensor<2x4x?x12xf32>
  %w3 = tensor.collapse_shape %w [[0, 1], [2], [3]] : tensor<2x4x?x12xf32> into tensor<8x?x12xf32>
  %v3 = tensor.collapse_shape %v [[0, 1], [2], [3]] : tensor<2x4x12x8xf32> into tensor<8x12x8xf32>
  %ey = tensor.empty(%s) : tensor<8x?x8xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<8x?x8xf32>) -> tensor<8x?x8xf32>
  %y3 = linalg.batch_matmul ins(%w3, %v3 : tensor<8x?x12xf32>, tensor<8x12x8xf32>) outs(%zy : tensor<8x?x8xf32>) -> tensor<8x?x8xf32>
  %y = tensor.expand_shape %y3 [[0, 1], [2], [3]] output_shape [2, 4, %s, 8] : tensor<8x?x8xf32> into tensor<2x4x?x8xf32>
  return %y : tensor<2x4x?x8xf32>
}
