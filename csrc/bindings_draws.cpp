// Python's way to keys and draws, and to the tables that the torch engine reads.
#include <algorithm>
#include <memory>

#include "bindings.hpp"
#include "filters.hpp"
#include "noise.hpp"
#include "philox.hpp"
#include "resample_cv.hpp"
#include "sampling.hpp"

namespace twinlens {
namespace {

Keys sample_keys(uint64_t seed, uint64_t epoch, const Keys& index) {
  auto out = like<uint64_t>({index.size()});
  for (py::ssize_t i = 0; i < index.size(); ++i) out.mutable_data()[i] = sample_key(seed, epoch, index.data()[i]);
  return out;
}

Keys fold_in_keys(const Keys& keys, uint64_t number) {
  auto out = like<uint64_t>({keys.size()});
  for (py::ssize_t i = 0; i < keys.size(); ++i) out.mutable_data()[i] = fold_in(keys.data()[i], number);
  return out;
}

// FNV-1a, then one Philox block to spread it.
uint64_t stream_of(const std::string& path) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : path) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3U;
  return fold_in(hash, path.size());
}

Reals uniform(const Keys& keys, uint64_t stream, uint32_t n, uint32_t first) {
  auto out = like<double>({keys.size(), static_cast<py::ssize_t>(n)});
  double* p = out.mutable_data();
  for (py::ssize_t i = 0; i < keys.size(); ++i)
    for (uint32_t d = 0; d < n; ++d) *p++ = uniform53(draw_block(keys.data()[i], stream, first + d));
  return out;
}

py::array_t<uint32_t> philox_blocks(const py::array_t<uint32_t, py::array::c_style>& counter,
                                    const py::array_t<uint32_t, py::array::c_style>& key) {
  if (counter.ndim() != 2 || counter.shape(1) != 4 || key.ndim() != 2 || key.shape(1) != 2 ||
      key.shape(0) != counter.shape(0))
    throw std::invalid_argument("philox: counter is (N, 4), key is (N, 2)");
  auto out = like<uint32_t>({counter.shape(0), 4});
  for (py::ssize_t i = 0; i < counter.shape(0); ++i) {
    const uint32_t* c = counter.data(i, 0);
    const Block b = philox({{c[0], c[1], c[2], c[3]}}, *key.data(i, 0), *key.data(i, 1));
    std::copy(b.v, b.v + 4, out.mutable_data(i, 0));
  }
  return out;
}

Ints resized_crops(const Keys& keys, uint64_t stream, const Ints& h, const Ints& w, std::pair<double, double> scale,
                   std::pair<double, double> ratio) {
  if (h.size() != keys.size() || w.size() != keys.size())
    throw std::invalid_argument("resized_crop: keys, h and w differ in length");
  auto out = like<int64_t>({keys.size(), 4});
  const double s[2] = {scale.first, scale.second}, r[2] = {ratio.first, ratio.second};
  for (py::ssize_t i = 0; i < keys.size(); ++i)
    resized_crop(keys.data()[i], stream, h.data()[i], w.data()[i], s, r, out.mutable_data(i, 0));
  return out;
}

template <double (*F)(double)>
Reals map(const Reals& x) {
  Reals out(std::vector<py::ssize_t>(x.shape(), x.shape() + x.ndim()));
  std::transform(x.data(), x.data() + x.size(), out.mutable_data(), F);
  return out;
}

// Weights of one axis for every sample: start, count (B, n), float64 weights and 22-bit integers (B, n, taps). An axis
// that stays as it is gets one tap of weight 1, for Pillow leaves that pass out.
py::tuple filter_tables(int filter, const Ints& in_size, const Ints& out_size, const Reals& begin, const Reals& end,
                        const Ints& roi, int64_t n) {
  const auto batch = static_cast<size_t>(in_size.size());
  std::vector<std::shared_ptr<const AxisWeights>> axes(batch);
  int64_t taps = 1;
  for (size_t b = 0; b < batch; ++b) {
    const int64_t out = out_size.data()[b];
    if (roi.data()[b] < 0 || n < 0 || roi.data()[b] + n > out) throw std::invalid_argument("filter_tables: roi");
    axes[b] = axis_weights({static_cast<Filter>(filter), in_size.data()[b], out, static_cast<float>(begin.data()[b]),
                            static_cast<float>(end.data()[b]), false, 0, true},
                           Isa::baseline);
    taps = std::max<int64_t>(taps, *std::max_element(axes[b]->count.begin(), axes[b]->count.end()));
  }
  const auto rows = static_cast<py::ssize_t>(batch);
  auto start = like<int32_t>({rows, n}), count = like<int32_t>({rows, n}), k = like<int32_t>({rows, n, taps});
  auto w = like<double>({rows, n, taps});
  std::fill_n(k.mutable_data(), k.size(), 0);
  std::fill_n(w.mutable_data(), w.size(), 0.0);
  for (py::ssize_t b = 0; b < rows; ++b) {
    const AxisWeights& a = *axes[static_cast<size_t>(b)];
    const bool kept =
        a.axis.in_size == a.axis.out_size && a.axis.begin == 0.0F && a.axis.end == static_cast<float>(a.axis.out_size);
    for (int64_t i = 0; i < n; ++i) {
      if (kept) {
        *start.mutable_data(b, i) = static_cast<int32_t>(roi.data()[b] + i);
        *count.mutable_data(b, i) = 1;
        *w.mutable_data(b, i, 0) = 1.0;
        *k.mutable_data(b, i, 0) = 1 << 22;
        continue;
      }
      const auto o = static_cast<size_t>(roi.data()[b] + i);
      *start.mutable_data(b, i) = a.start[o];
      *count.mutable_data(b, i) = a.count[o];
      for (int64_t t = 0; t < a.count[o]; ++t) {
        const double weight = a.weight(static_cast<int64_t>(o), t);
        *w.mutable_data(b, i, t) = weight;
        *k.mutable_data(b, i, t) = quantise22(weight);
      }
    }
  }
  return py::make_tuple(start, count, w, k);
}

// The arithmetic (CvBranch) that OpenCV's resize takes for every (h, w) of in_hw.
py::array_t<int32_t> cv_branches(int method, int dtype, int64_t channels, const Ints& in_hw, int64_t out_h,
                                 int64_t out_w) {
  if (in_hw.ndim() != 2 || in_hw.shape(1) != 2) throw std::invalid_argument("cv_branches: in_hw is (B, 2)");
  auto out = like<int32_t>({in_hw.shape(0)});
  for (py::ssize_t b = 0; b < in_hw.shape(0); ++b) {
    const int64_t h = *in_hw.data(b, 0), w = *in_hw.data(b, 1);
    if (h < 1 || w < 1 || out_h < 1 || out_w < 1) throw std::invalid_argument("cv_branches: a size below 1");
    out.mutable_data()[b] =
        static_cast<int32_t>(cv_branch(static_cast<CvMethod>(method), dtype_of(dtype), channels, h, w, out_h, out_w));
  }
  return out;
}

// Taps of one axis for every sample: index and weights (B, n, taps), the weights int32 or float32.
py::tuple cv_tables(int branch, int dtype, bool horizontal, const Ints& in_size, int64_t out_size, const Ints& first,
                    int64_t n) {
  if (first.size() != in_size.size()) throw std::invalid_argument("cv_tables: in_size and first differ in length");
  const py::ssize_t batch = in_size.size();
  std::vector<CvAxis> axes;
  int64_t taps = 1;
  for (py::ssize_t b = 0; b < batch; ++b) {
    axes.push_back(
        {static_cast<CvBranch>(branch), dtype_of(dtype), horizontal, in_size.data()[b], out_size, first.data()[b], n});
    const CvAxis& a = axes.back();
    if (a.in < 1 || a.first < 0 || n < 0 || a.first + n > out_size) throw std::invalid_argument("cv_tables: sizes");
    taps = std::max(taps, cv_axis_taps(a));
  }
  auto index = like<int32_t>({batch, n, taps});
  const auto fill = [&](auto weights, int32_t* fixed, float* real) {
    for (py::ssize_t b = 0, at = 0; b < batch; ++b, at += n * taps)
      cv_axis_fill(axes[static_cast<size_t>(b)], taps, index.mutable_data() + at, fixed ? fixed + at : nullptr,
                   real ? real + at : nullptr);
    return py::make_tuple(index, weights);
  };
  if (!cv_is_fixed(static_cast<CvBranch>(branch), dtype_of(dtype))) {
    auto w = like<float>({batch, n, taps});
    return fill(w, nullptr, w.mutable_data());
  }
  auto w = like<int32_t>({batch, n, taps});
  return fill(w, w.mutable_data(), nullptr);
}

}  // namespace

void define_draws(py::module_& m) {
  m.def("sample_keys", &sample_keys, py::arg("seed"), py::arg("epoch"), py::arg("index"));
  m.def("fold_in", &fold_in_keys, py::arg("keys"), py::arg("number"));
  m.def("stream", &stream_of, py::arg("path"));
  m.def("uniform", &uniform, py::arg("keys"), py::arg("stream"), py::arg("n"), py::arg("first") = 0);
  m.def("philox", &philox_blocks, py::arg("counter"), py::arg("key"));
  m.def("resized_crop", &resized_crops, py::arg("keys"), py::arg("stream"), py::arg("h"), py::arg("w"),
        py::arg("scale"), py::arg("ratio"));
  m.def("exp", &map<portable_exp>, py::arg("x"));
  m.def("log", &map<portable_log>, py::arg("x"));
  m.def("normal_quantiles", [] { return py::array_t<float>(kNormals, normal_quantiles()); });
  m.def("filter_tables", &filter_tables, py::arg("filter"), py::arg("in_size"), py::arg("out_size"), py::arg("begin"),
        py::arg("end"), py::arg("roi"), py::arg("n"));
  m.def("cv_branches", &cv_branches, py::arg("method"), py::arg("dtype"), py::arg("channels"), py::arg("in_hw"),
        py::arg("out_h"), py::arg("out_w"));
  m.def("cv_tables", &cv_tables, py::arg("branch"), py::arg("dtype"), py::arg("horizontal"), py::arg("in_size"),
        py::arg("out_size"), py::arg("first"), py::arg("n"));
}

}  // namespace twinlens
