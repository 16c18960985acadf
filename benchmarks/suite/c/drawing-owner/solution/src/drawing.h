#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "shape.h"

/// Shapes, in the order in which they were added.
class Drawing {
public:
    /// Takes the shape; throws std::invalid_argument if there is none.
    void add(std::unique_ptr<Shape> shape);

    /// Removes a shape and returns it; throws std::out_of_range if there is none.
    std::unique_ptr<Shape> remove(std::size_t index);

    std::size_t size() const { return shapes_.size(); }

    double total_area() const;

    /// A line on the whole, and one for each shape.
    std::string report() const;

private:
    std::vector<std::unique_ptr<Shape>> shapes_;
};
