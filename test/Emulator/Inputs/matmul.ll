; C = A B, 64x128 times 128x32: blocks of 32x32 with two warps, three stages of
; cp.async, swizzled ldmatrix and mma.sync, as MLIR lowers it from nvgpu.
target triple = "nvptx64-nvidia-cuda"
@__wg_matmul_0 = internal addrspace(3) global [3072 x half] undef
@__wg_matmul_1 = internal addrspace(3) global [3072 x half] undef
define ptx_kernel void @matmul(ptr noalias align 16 %0, ptr noalias %1, ptr noalias %2) #0 {
  %4 = call range(i32 0, 64) i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %5 = zext nneg i32 %4 to i64
  %6 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %7 = zext nneg i32 %6 to i64
  %8 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.y()
  %9 = and i64 %5, 31
  %10 = lshr i64 %5, 1
  %11 = and i64 %10, 16
  %12 = shl nuw nsw i32 %8, 5
  %13 = zext nneg i32 %12 to i64
  %14 = shl nuw nsw i64 %7, 5
  %15 = lshr i64 %5, 2
  %16 = or disjoint i64 %15, %13
  %17 = shl nuw nsw i64 %5, 3
  %18 = and i64 %17, 24
  %19 = xor i64 %17, %5
  %20 = and i64 %19, 24
  %21 = shl nuw nsw i64 %15, 5
  %22 = or disjoint i64 %21, %20
  %23 = getelementptr half, ptr addrspace(3) @__wg_matmul_0, i64 %22
  %24 = shl nuw nsw i64 %16, 7
  %25 = getelementptr half, ptr %0, i64 %24
  %26 = getelementptr half, ptr %25, i64 %18
  %27 = addrspacecast ptr %26 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %23, ptr addrspace(1) %27)
  %28 = or disjoint i64 %15, 16
  %29 = or disjoint i64 %28, %13
  %30 = shl nuw nsw i64 %28, 5
  %31 = or disjoint i64 %30, %20
  %32 = getelementptr half, ptr addrspace(3) @__wg_matmul_0, i64 %31
  %33 = shl nuw nsw i64 %29, 7
  %34 = getelementptr half, ptr %0, i64 %33
  %35 = getelementptr half, ptr %34, i64 %18
  %36 = addrspacecast ptr %35 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %32, ptr addrspace(1) %36)
  %37 = or disjoint i64 %14, %18
  %38 = getelementptr half, ptr addrspace(3) @__wg_matmul_1, i64 %22
  %39 = getelementptr half, ptr %1, i64 %21
  %40 = getelementptr half, ptr %39, i64 %37
  %41 = addrspacecast ptr %40 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %38, ptr addrspace(1) %41)
  %42 = getelementptr half, ptr addrspace(3) @__wg_matmul_1, i64 %31
  %43 = getelementptr half, ptr %1, i64 %30
  %44 = getelementptr half, ptr %43, i64 %37
  %45 = addrspacecast ptr %44 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %42, ptr addrspace(1) %45)
  call void @llvm.nvvm.cp.async.commit.group()
  %46 = or disjoint i64 %22, 1024
  %47 = getelementptr half, ptr addrspace(3) @__wg_matmul_0, i64 %46
  %48 = getelementptr i8, ptr %26, i64 64
  %49 = addrspacecast ptr %48 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %47, ptr addrspace(1) %49)
  %50 = or disjoint i64 %31, 1024
  %51 = getelementptr half, ptr addrspace(3) @__wg_matmul_0, i64 %50
  %52 = getelementptr i8, ptr %35, i64 64
  %53 = addrspacecast ptr %52 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %51, ptr addrspace(1) %53)
  %54 = getelementptr half, ptr addrspace(3) @__wg_matmul_1, i64 %46
  %.idx = shl nuw nsw i64 %15, 6
  %55 = getelementptr i8, ptr %1, i64 %.idx
  %56 = getelementptr i8, ptr %55, i64 2048
  %57 = getelementptr half, ptr %56, i64 %37
  %58 = addrspacecast ptr %57 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %54, ptr addrspace(1) %58)
  %59 = getelementptr half, ptr addrspace(3) @__wg_matmul_1, i64 %50
  %60 = getelementptr i8, ptr %55, i64 3072
  %61 = getelementptr half, ptr %60, i64 %37
  %62 = addrspacecast ptr %61 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %59, ptr addrspace(1) %62)
  call void @llvm.nvvm.cp.async.commit.group()
  br label %63
63:                                               ; preds = %101, %3
  %64 = phi i64 [ %274, %101 ], [ 0, %3 ]
  %65 = phi [2 x <2 x float>] [ %234, %101 ], [ zeroinitializer, %3 ]
  %66 = phi [2 x <2 x float>] [ %245, %101 ], [ zeroinitializer, %3 ]
  %67 = phi [2 x <2 x float>] [ %256, %101 ], [ zeroinitializer, %3 ]
  %68 = phi [2 x <2 x float>] [ %267, %101 ], [ zeroinitializer, %3 ]
  %69 = phi i64 [ %270, %101 ], [ 0, %3 ]
  %70 = phi i64 [ %273, %101 ], [ 2, %3 ]
  %71 = icmp slt i64 %64, 4
  br i1 %71, label %72, label %275
72:                                               ; preds = %63
  call void @llvm.nvvm.cp.async.wait.group(i32 1)
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %73 = add i64 %64, 2
  %74 = icmp ult i64 %73, 4
  br i1 %74, label %75, label %100
75:                                               ; preds = %72
  %76 = shl nuw nsw i64 %73, 5
  %77 = shl i64 %70, 10
  %78 = or disjoint i64 %77, %21
  %79 = or disjoint i64 %78, %20
  %80 = getelementptr half, ptr addrspace(3) @__wg_matmul_0, i64 %79
  %81 = getelementptr half, ptr %25, i64 %76
  %82 = getelementptr half, ptr %81, i64 %18
  %83 = addrspacecast ptr %82 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %80, ptr addrspace(1) %83)
  %84 = or disjoint i64 %77, %30
  %85 = or disjoint i64 %84, %20
  %86 = getelementptr half, ptr addrspace(3) @__wg_matmul_0, i64 %85
  %87 = getelementptr half, ptr %34, i64 %76
  %88 = getelementptr half, ptr %87, i64 %18
  %89 = addrspacecast ptr %88 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %86, ptr addrspace(1) %89)
  %90 = or disjoint i64 %76, %15
  %91 = getelementptr half, ptr addrspace(3) @__wg_matmul_1, i64 %79
  %.idx2 = shl nuw nsw i64 %90, 6
  %92 = getelementptr i8, ptr %1, i64 %.idx2
  %93 = getelementptr half, ptr %92, i64 %37
  %94 = addrspacecast ptr %93 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %91, ptr addrspace(1) %94)
  %95 = or disjoint i64 %76, %28
  %96 = getelementptr half, ptr addrspace(3) @__wg_matmul_1, i64 %85
  %.idx3 = shl nuw nsw i64 %95, 6
  %97 = getelementptr i8, ptr %1, i64 %.idx3
  %98 = getelementptr half, ptr %97, i64 %37
  %99 = addrspacecast ptr %98 to ptr addrspace(1)
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %96, ptr addrspace(1) %99)
  call void @llvm.nvvm.cp.async.commit.group()
  br label %101
100:                                              ; preds = %72
  call void @llvm.nvvm.cp.async.commit.group()
  br label %101
101:                                              ; preds = %100, %75
  %102 = and i64 %5, 15
  %103 = lshr i64 %9, 4
  %104 = and i64 %10, 3
  %105 = xor i64 %103, %104
  %106 = shl i64 %69, 10
  %107 = shl nuw nsw i64 %102, 5
  %108 = or disjoint i64 %106, %107
  %109 = getelementptr half, ptr addrspace(3) @__wg_matmul_0, i64 %108
  %.idx4 = shl nuw nsw i64 %105, 4
  %110 = getelementptr i8, ptr addrspace(3) %109, i64 %.idx4
  %111 = call { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3) %110)
  %112 = extractvalue { i32, i32, i32, i32 } %111, 0
  %113 = bitcast i32 %112 to <2 x half>
  %114 = extractvalue { i32, i32, i32, i32 } %111, 1
  %115 = bitcast i32 %114 to <2 x half>
  %116 = extractvalue { i32, i32, i32, i32 } %111, 2
  %117 = bitcast i32 %116 to <2 x half>
  %118 = extractvalue { i32, i32, i32, i32 } %111, 3
  %119 = bitcast i32 %118 to <2 x half>
  %120 = or disjoint i64 %107, 512
  %121 = or disjoint i64 %106, %120
  %122 = getelementptr half, ptr addrspace(3) @__wg_matmul_0, i64 %121
  %123 = getelementptr i8, ptr addrspace(3) %122, i64 %.idx4
  %124 = call { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3) %123)
  %125 = extractvalue { i32, i32, i32, i32 } %124, 0
  %126 = bitcast i32 %125 to <2 x half>
  %127 = extractvalue { i32, i32, i32, i32 } %124, 1
  %128 = bitcast i32 %127 to <2 x half>
  %129 = extractvalue { i32, i32, i32, i32 } %124, 2
  %130 = bitcast i32 %129 to <2 x half>
  %131 = extractvalue { i32, i32, i32, i32 } %124, 3
  %132 = bitcast i32 %131 to <2 x half>
  %133 = lshr exact i64 %11, 3
  %134 = or disjoint i64 %133, %103
  %135 = xor i64 %134, %104
  %136 = getelementptr half, ptr addrspace(3) @__wg_matmul_1, i64 %108
  %.idx6 = shl nuw nsw i64 %135, 4
  %137 = getelementptr i8, ptr addrspace(3) %136, i64 %.idx6
  %138 = call { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16.p3(ptr addrspace(3) %137)
  %139 = extractvalue { i32, i32, i32, i32 } %138, 0
  %140 = bitcast i32 %139 to <2 x half>
  %141 = extractvalue { i32, i32, i32, i32 } %138, 1
  %142 = bitcast i32 %141 to <2 x half>
  %143 = extractvalue { i32, i32, i32, i32 } %138, 2
  %144 = bitcast i32 %143 to <2 x half>
  %145 = extractvalue { i32, i32, i32, i32 } %138, 3
  %146 = bitcast i32 %145 to <2 x half>
  %147 = extractvalue [2 x <2 x float>] %65, 0
  %148 = extractelement <2 x float> %147, i64 0
  %149 = extractelement <2 x float> %147, i64 1
  %150 = extractvalue [2 x <2 x float>] %65, 1
  %151 = extractelement <2 x float> %150, i64 0
  %152 = extractelement <2 x float> %150, i64 1
  %153 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half> %113, <2 x half> %115, <2 x half> %117, <2 x half> %119, <2 x half> %140, <2 x half> %142, float %148, float %149, float %151, float %152)
  %154 = extractvalue { float, float, float, float } %153, 0
  %155 = extractvalue { float, float, float, float } %153, 1
  %156 = extractvalue { float, float, float, float } %153, 2
  %157 = extractvalue { float, float, float, float } %153, 3
  %158 = extractvalue [2 x <2 x float>] %66, 0
  %159 = extractelement <2 x float> %158, i64 0
  %160 = extractelement <2 x float> %158, i64 1
  %161 = extractvalue [2 x <2 x float>] %66, 1
  %162 = extractelement <2 x float> %161, i64 0
  %163 = extractelement <2 x float> %161, i64 1
  %164 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half> %113, <2 x half> %115, <2 x half> %117, <2 x half> %119, <2 x half> %144, <2 x half> %146, float %159, float %160, float %162, float %163)
  %165 = extractvalue { float, float, float, float } %164, 0
  %166 = extractvalue { float, float, float, float } %164, 1
  %167 = extractvalue { float, float, float, float } %164, 2
  %168 = extractvalue { float, float, float, float } %164, 3
  %169 = extractvalue [2 x <2 x float>] %67, 0
  %170 = extractelement <2 x float> %169, i64 0
  %171 = extractelement <2 x float> %169, i64 1
  %172 = extractvalue [2 x <2 x float>] %67, 1
  %173 = extractelement <2 x float> %172, i64 0
  %174 = extractelement <2 x float> %172, i64 1
  %175 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half> %126, <2 x half> %128, <2 x half> %130, <2 x half> %132, <2 x half> %140, <2 x half> %142, float %170, float %171, float %173, float %174)
  %176 = extractvalue { float, float, float, float } %175, 0
  %177 = extractvalue { float, float, float, float } %175, 1
  %178 = extractvalue { float, float, float, float } %175, 2
  %179 = extractvalue { float, float, float, float } %175, 3
  %180 = extractvalue [2 x <2 x float>] %68, 0
  %181 = extractelement <2 x float> %180, i64 0
  %182 = extractelement <2 x float> %180, i64 1
  %183 = extractvalue [2 x <2 x float>] %68, 1
  %184 = extractelement <2 x float> %183, i64 0
  %185 = extractelement <2 x float> %183, i64 1
  %186 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half> %126, <2 x half> %128, <2 x half> %130, <2 x half> %132, <2 x half> %144, <2 x half> %146, float %181, float %182, float %184, float %185)
  %187 = extractvalue { float, float, float, float } %186, 0
  %188 = extractvalue { float, float, float, float } %186, 1
  %189 = extractvalue { float, float, float, float } %186, 2
  %190 = extractvalue { float, float, float, float } %186, 3
  %191 = or disjoint i64 %103, 2
  %192 = xor i64 %191, %104
  %.idx7 = shl nuw nsw i64 %192, 4
  %193 = getelementptr i8, ptr addrspace(3) %109, i64 %.idx7
  %194 = call { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3) %193)
  %195 = extractvalue { i32, i32, i32, i32 } %194, 0
  %196 = bitcast i32 %195 to <2 x half>
  %197 = extractvalue { i32, i32, i32, i32 } %194, 1
  %198 = bitcast i32 %197 to <2 x half>
  %199 = extractvalue { i32, i32, i32, i32 } %194, 2
  %200 = bitcast i32 %199 to <2 x half>
  %201 = extractvalue { i32, i32, i32, i32 } %194, 3
  %202 = bitcast i32 %201 to <2 x half>
  %203 = getelementptr i8, ptr addrspace(3) %122, i64 %.idx7
  %204 = call { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3) %203)
  %205 = extractvalue { i32, i32, i32, i32 } %204, 0
  %206 = bitcast i32 %205 to <2 x half>
  %207 = extractvalue { i32, i32, i32, i32 } %204, 1
  %208 = bitcast i32 %207 to <2 x half>
  %209 = extractvalue { i32, i32, i32, i32 } %204, 2
  %210 = bitcast i32 %209 to <2 x half>
  %211 = extractvalue { i32, i32, i32, i32 } %204, 3
  %212 = bitcast i32 %211 to <2 x half>
  %213 = getelementptr half, ptr addrspace(3) @__wg_matmul_1, i64 %121
  %214 = getelementptr i8, ptr addrspace(3) %213, i64 %.idx6
  %215 = call { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16.p3(ptr addrspace(3) %214)
  %216 = extractvalue { i32, i32, i32, i32 } %215, 0
  %217 = bitcast i32 %216 to <2 x half>
  %218 = extractvalue { i32, i32, i32, i32 } %215, 1
  %219 = bitcast i32 %218 to <2 x half>
  %220 = extractvalue { i32, i32, i32, i32 } %215, 2
  %221 = bitcast i32 %220 to <2 x half>
  %222 = extractvalue { i32, i32, i32, i32 } %215, 3
  %223 = bitcast i32 %222 to <2 x half>
  %224 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half> %196, <2 x half> %198, <2 x half> %200, <2 x half> %202, <2 x half> %217, <2 x half> %219, float %154, float %155, float %156, float %157)
  %225 = extractvalue { float, float, float, float } %224, 0
  %226 = extractvalue { float, float, float, float } %224, 1
  %227 = insertelement <2 x float> poison, float %225, i64 0
  %228 = insertelement <2 x float> %227, float %226, i64 1
  %229 = extractvalue { float, float, float, float } %224, 2
  %230 = extractvalue { float, float, float, float } %224, 3
  %231 = insertelement <2 x float> poison, float %229, i64 0
  %232 = insertelement <2 x float> %231, float %230, i64 1
  %233 = insertvalue [2 x <2 x float>] poison, <2 x float> %228, 0
  %234 = insertvalue [2 x <2 x float>] %233, <2 x float> %232, 1
  %235 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half> %196, <2 x half> %198, <2 x half> %200, <2 x half> %202, <2 x half> %221, <2 x half> %223, float %165, float %166, float %167, float %168)
  %236 = extractvalue { float, float, float, float } %235, 0
  %237 = extractvalue { float, float, float, float } %235, 1
  %238 = insertelement <2 x float> poison, float %236, i64 0
  %239 = insertelement <2 x float> %238, float %237, i64 1
  %240 = extractvalue { float, float, float, float } %235, 2
  %241 = extractvalue { float, float, float, float } %235, 3
  %242 = insertelement <2 x float> poison, float %240, i64 0
  %243 = insertelement <2 x float> %242, float %241, i64 1
  %244 = insertvalue [2 x <2 x float>] poison, <2 x float> %239, 0
  %245 = insertvalue [2 x <2 x float>] %244, <2 x float> %243, 1
  %246 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half> %206, <2 x half> %208, <2 x half> %210, <2 x half> %212, <2 x half> %217, <2 x half> %219, float %176, float %177, float %178, float %179)
  %247 = extractvalue { float, float, float, float } %246, 0
  %248 = extractvalue { float, float, float, float } %246, 1
  %249 = insertelement <2 x float> poison, float %247, i64 0
  %250 = insertelement <2 x float> %249, float %248, i64 1
  %251 = extractvalue { float, float, float, float } %246, 2
  %252 = extractvalue { float, float, float, float } %246, 3
  %253 = insertelement <2 x float> poison, float %251, i64 0
  %254 = insertelement <2 x float> %253, float %252, i64 1
  %255 = insertvalue [2 x <2 x float>] poison, <2 x float> %250, 0
  %256 = insertvalue [2 x <2 x float>] %255, <2 x float> %254, 1
  %257 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half> %206, <2 x half> %208, <2 x half> %210, <2 x half> %212, <2 x half> %221, <2 x half> %223, float %187, float %188, float %189, float %190)
  %258 = extractvalue { float, float, float, float } %257, 0
  %259 = extractvalue { float, float, float, float } %257, 1
  %260 = insertelement <2 x float> poison, float %258, i64 0
  %261 = insertelement <2 x float> %260, float %259, i64 1
  %262 = extractvalue { float, float, float, float } %257, 2
  %263 = extractvalue { float, float, float, float } %257, 3
  %264 = insertelement <2 x float> poison, float %262, i64 0
  %265 = insertelement <2 x float> %264, float %263, i64 1
  %266 = insertvalue [2 x <2 x float>] poison, <2 x float> %261, 0
  %267 = insertvalue [2 x <2 x float>] %266, <2 x float> %265, 1
  %268 = add i64 %69, 1
  %269 = icmp eq i64 %268, 3
  %270 = select i1 %269, i64 0, i64 %268
  %271 = add i64 %70, 1
  %272 = icmp eq i64 %271, 3
  %273 = select i1 %272, i64 0, i64 %271
  %274 = add i64 %64, 1
  br label %63
275:                                              ; preds = %63
  %276 = lshr i64 %9, 2
  %277 = shl nuw nsw i64 %5, 1
  %278 = and i64 %277, 6
  %279 = extractvalue [2 x <2 x float>] %65, 0
  %280 = or disjoint i64 %276, %13
  %281 = or disjoint i64 %14, %11
  %282 = or disjoint i64 %281, %278
  %283 = shl nuw nsw i64 %280, 5
  %284 = getelementptr float, ptr %2, i64 %283
  %285 = getelementptr float, ptr %284, i64 %282
  store <2 x float> %279, ptr %285, align 8
  %286 = extractvalue [2 x <2 x float>] %65, 1
  %287 = or disjoint i64 %283, 256
  %288 = getelementptr float, ptr %2, i64 %287
  %289 = getelementptr float, ptr %288, i64 %282
  store <2 x float> %286, ptr %289, align 8
  %290 = extractvalue [2 x <2 x float>] %66, 0
  %291 = or disjoint i64 %278, 8
  %292 = or disjoint i64 %281, %291
  %293 = getelementptr float, ptr %284, i64 %292
  store <2 x float> %290, ptr %293, align 8
  %294 = extractvalue [2 x <2 x float>] %66, 1
  %295 = getelementptr float, ptr %288, i64 %292
  store <2 x float> %294, ptr %295, align 8
  %296 = extractvalue [2 x <2 x float>] %67, 0
  %297 = or disjoint i64 %283, 512
  %298 = getelementptr float, ptr %2, i64 %297
  %299 = getelementptr float, ptr %298, i64 %282
  store <2 x float> %296, ptr %299, align 8
  %300 = extractvalue [2 x <2 x float>] %67, 1
  %301 = or disjoint i64 %283, 768
  %302 = getelementptr float, ptr %2, i64 %301
  %303 = getelementptr float, ptr %302, i64 %282
  store <2 x float> %300, ptr %303, align 8
  %304 = extractvalue [2 x <2 x float>] %68, 0
  %305 = getelementptr float, ptr %298, i64 %292
  store <2 x float> %304, ptr %305, align 8
  %306 = extractvalue [2 x <2 x float>] %68, 1
  %307 = getelementptr float, ptr %302, i64 %292
  store <2 x float> %306, ptr %307, align 8
  ret void
}
; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef range(i32 0, 1024) i32 @llvm.nvvm.read.ptx.sreg.tid.x() #1
; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef range(i32 0, 2147483647) i32 @llvm.nvvm.read.ptx.sreg.ctaid.x() #1
; Function Attrs: nocallback nofree nosync nounwind speculatable willreturn memory(none)
declare noundef range(i32 0, 65535) i32 @llvm.nvvm.read.ptx.sreg.ctaid.y() #1
; Function Attrs: nocallback nounwind memory(argmem: readwrite)
declare void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) noalias writeonly, ptr addrspace(1) noalias readonly) #2
; Function Attrs: nounwind
declare void @llvm.nvvm.cp.async.commit.group() #3
; Function Attrs: nounwind
declare void @llvm.nvvm.cp.async.wait.group(i32 immarg) #3
; Function Attrs: convergent nocallback nounwind
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32) #4
; Function Attrs: convergent nocallback nounwind memory(argmem: read)
declare { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3) readonly captures(none)) #5
; Function Attrs: convergent nocallback nounwind memory(argmem: read)
declare { i32, i32, i32, i32 } @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16.p3(ptr addrspace(3) readonly captures(none)) #5
; Function Attrs: nocallback nounwind memory(none)
declare { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half>, <2 x half>, <2 x half>, <2 x half>, <2 x half>, <2 x half>, float, float, float, float) #6
attributes #0 = { "nvvm.maxntid"="64,1,1" }
attributes #1 = { nocallback nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { nocallback nounwind memory(argmem: readwrite) }
attributes #3 = { nounwind }
attributes #4 = { convergent nocallback nounwind }
attributes #5 = { convergent nocallback nounwind memory(argmem: read) }
attributes #6 = { nocallback nounwind memory(none) }
!llvm.module.flags = !{!0}
!0 = !{i32 2, !"Debug Info Version", i32 3}
