#pragma once

#include <string>

enum class Kind { circle, rect, label };

/// Something in a drawing. `a` and `b` are the radius, or width and height.
struct Shape {
    Kind kind;
    double a = 0;
    double b = 0;
    std::string text;
};

Shape *new_circle(double radius);
Shape *new_rect(double width, double height);
Shape *new_label(const std::string &text);

double area(const Shape &shape);
std::string describe(const Shape &shape);
