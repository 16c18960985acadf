#pragma once

#include <string>

/// Something in a drawing.
class Shape {
public:
    virtual ~Shape() = default;
    virtual double area() const = 0;
    virtual std::string describe() const = 0;
};

class Circle : public Shape {
public:
    explicit Circle(double radius) : radius_(radius) {}
    double area() const override;
    std::string describe() const override;

private:
    double radius_;
};

class Rect : public Shape {
public:
    Rect(double width, double height) : width_(width), height_(height) {}
    double area() const override;
    std::string describe() const override;

private:
    double width_;
    double height_;
};

class Label : public Shape {
public:
    explicit Label(std::string text);
    double area() const override;
    std::string describe() const override;

private:
    std::string text_;
};
