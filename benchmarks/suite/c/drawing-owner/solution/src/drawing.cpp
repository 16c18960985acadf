#include "drawing.h"

#include <iomanip>
#include <sstream>
#include <stdexcept>
#include <utility>

void Drawing::add(std::unique_ptr<Shape> shape)
{
    if (!shape) {
        throw std::invalid_argument("there is no shape");
    }
    shapes_.push_back(std::move(shape));
}

std::unique_ptr<Shape> Drawing::remove(std::size_t index)
{
    if (index >= shapes_.size()) {
        throw std::out_of_range("no shape " + std::to_string(index));
    }
    std::unique_ptr<Shape> shape = std::move(shapes_[index]);
    shapes_.erase(shapes_.begin() + static_cast<std::ptrdiff_t>(index));
    return shape;
}

double Drawing::total_area() const
{
    double total = 0;
    for (const auto &shape : shapes_) {
        total += shape->area();
    }
    return total;
}

std::string Drawing::report() const
{
    std::ostringstream out;
    out << shapes_.size() << (shapes_.size() == 1 ? " shape" : " shapes") << ", area " << std::fixed
        << std::setprecision(2) << total_area() << '\n';
    for (std::size_t index = 0; index < shapes_.size(); index++) {
        out << index << ": " << shapes_[index]->describe() << '\n';
    }
    return out.str();
}
