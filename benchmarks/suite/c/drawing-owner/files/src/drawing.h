#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shape.h"

/// Shapes, in the order in which they were added.
class Drawing {
public:
    ~Drawing();

    /// Takes the shape.
    void add(Shape *shape);

    /// Removes a shape; throws std::out_of_range if there is none.
    void remove(std::size_t index);

    std::size_t size() const { return shapes_.size(); }

    double total_area() const;

    /// A line on the whole, and one for each shape.
    std::string report() const;

private:
    std::vector<Shape *> shapes_;
};
