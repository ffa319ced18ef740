// The work on one output tensor: the passes its stages ask for, then the merge; or a copy.
#pragma once

#include "wootz/engine/run/merge_context.h"

namespace wootz {

/// Prepares the tensor's own stages, up to (not including) stage `until`, without merging. Requires: its entry of
/// MergeContext::tensor_stages.
std::unique_ptr<Job> make_prepare_job(MergeContext& context, std::size_t merged, std::size_t until);

/// One pass of a stage that serves the whole model, over all tensors. Requires: all tensors prepared for it.
std::unique_ptr<Job> make_model_pass_job(MergeContext& context, std::size_t stage, Pass& pass);

/// All that is left to prepare of the tensor's own stages, the merge, and the record.
std::unique_ptr<Job> make_merge_job(MergeContext& context, const PlannedTensor& tensor, TensorSink sink);

/// Copies a tensor that is not merged from the donor into the merged model, the first output, and compares it with the
/// other models'.
std::unique_ptr<Job> make_copy_job(MergeContext& context, const PlannedTensor& tensor, TensorSink sink);

}  // namespace wootz
