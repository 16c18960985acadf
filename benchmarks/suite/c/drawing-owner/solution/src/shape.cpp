#include "shape.h"

#include <sstream>
#include <utility>

namespace {
const double pi = 3.14159265358979323846;
}

double Circle::area() const { return pi * radius_ * radius_; }

std::string Circle::describe() const
{
    std::ostringstream out;
    out << "circle of radius " << radius_;
    return out.str();
}

double Rect::area() const { return width_ * height_; }

std::string Rect::describe() const
{
    std::ostringstream out;
    if (width_ == height_) {
        out << "square " << width_;
    } else {
        out << "rect " << width_ << " x " << height_;
    }
    return out.str();
}

Label::Label(std::string text) : text_(std::move(text)) {}

double Label::area() const { return 0; }

std::string Label::describe() const { return "label \"" + text_ + '"'; }
