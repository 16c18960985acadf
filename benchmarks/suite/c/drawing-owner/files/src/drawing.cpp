#include "drawing.h"

#include <iomanip>
#include <sstream>
#include <stdexcept>

Drawing::~Drawing()
{
    for (Shape *shape : shapes_) {
        delete shape;
    }
}

void Drawing::add(Shape *shape) { shapes_.push_back(shape); }

void Drawing::remove(std::size_t index)
{
    if (index >= shapes_.size()) {
        throw std::out_of_range("no shape " + std::to_string(index));
    }
    delete shapes_[index];
    shapes_.erase(shapes_.begin() + static_cast<std::ptrdiff_t>(index));
}

double Drawing::total_area() const
{
    double total = 0;
    for (const Shape *shape : shapes_) {
        total += area(*shape);
    }
    return total;
}

std::string Drawing::report() const
{
    std::ostringstream out;
    out << shapes_.size() << (shapes_.size() == 1 ? " shape" : " shapes") << ", area " << std::fixed
        << std::setprecision(2) << total_area() << '\n';
    for (std::size_t index = 0; index < shapes_.size(); index++) {
        out << index << ": " << describe(*shapes_[index]) << '\n';
    }
    return out.str();
}
