#include "shape.h"

#include <sstream>

namespace {
const double pi = 3.14159265358979323846;
}

Shape *new_circle(double radius) { return new Shape{Kind::circle, radius, 0, ""}; }

Shape *new_rect(double width, double height) { return new Shape{Kind::rect, width, height, ""}; }

Shape *new_label(const std::string &text) { return new Shape{Kind::label, 0, 0, text}; }

double area(const Shape &shape)
{
    switch (shape.kind) {
    case Kind::circle:
        return pi * shape.a * shape.a;
    case Kind::rect:
        return shape.a * shape.b;
    case Kind::label:
        return 0;
    }
    return 0;
}

std::string describe(const Shape &shape)
{
    std::ostringstream out;
    switch (shape.kind) {
    case Kind::circle:
        out << "circle of radius " << shape.a;
        break;
    case Kind::rect:
        if (shape.a == shape.b) {
            out << "square " << shape.a;
        } else {
            out << "rect " << shape.a << " x " << shape.b;
        }
        break;
    case Kind::label:
        out << "label \"" << shape.text << '"';
        break;
    }
    return out.str();
}
