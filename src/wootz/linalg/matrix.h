// Matrices in memory, row by row.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

namespace wootz {

/// A view of a matrix [rows, columns]; a row's elements lie side by side, `stride` elements after the row before.
template <typename T>
struct Matrix {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;

  Matrix() = default;
  Matrix(T* elements, std::size_t row_count, std::size_t column_count)
      : Matrix(elements, row_count, column_count, column_count) {}
  Matrix(T* elements, std::size_t row_count, std::size_t column_count, std::size_t row_stride)
      : data(elements), rows(row_count), columns(column_count), stride(row_stride) {}
  template <typename U>
  requires(!std::is_same_v<T, U> && std::is_same_v<T, const U>)
      Matrix(const Matrix<U>& other)  // NOLINT(google-explicit-constructor): as a pointer becomes one to const
      : Matrix(other.data, other.rows, other.columns, other.stride) {}

  T* row(std::size_t i) const { return data + i * stride; }
  std::span<T> elements(std::size_t i) const { return {row(i), columns}; }
  bool contiguous() const { return stride == columns; }
  /// Rows [first, first + count), columns [left, left + width).
  Matrix part(std::size_t first, std::size_t count, std::size_t left, std::size_t width) const {
    return Matrix(row(first) + left, count, width, stride);
  }
  Matrix rows_at(std::size_t first, std::size_t count) const { return part(first, count, 0, columns); }
};

/// A matrix with memory of its own, without gaps between rows, not initialised.
template <typename T>
class OwnedMatrix {
 public:
  OwnedMatrix() = default;
  OwnedMatrix(std::size_t rows, std::size_t columns)
      : elements_(std::make_unique_for_overwrite<T[]>(rows * columns)), rows_(rows), columns_(columns) {}

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::size_t size() const { return rows_ * columns_; }
  T* data() { return elements_.get(); }
  const T* data() const { return elements_.get(); }
  Matrix<T> view() { return Matrix<T>(data(), rows_, columns_); }
  Matrix<const T> view() const { return Matrix<const T>(data(), rows_, columns_); }
  /// Gives the memory back.
  void reset() { *this = OwnedMatrix(); }

 private:
  std::unique_ptr<T[]> elements_;
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
};

}  // namespace wootz
