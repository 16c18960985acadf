#include <cmath>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "drawing.h"
#include "shape.h"

static int failed = 0;

template <typename Found, typename Wanted>
static void expect(const char *what, const Found &found, const Wanted &wanted)
{
    if (!(found == wanted)) {
        std::cout << what << ": " << found << "\n    wanted: " << wanted << "\n";
        failed++;
    }
}

static_assert(std::is_abstract_v<Shape>, "Shape is not abstract");
static_assert(std::has_virtual_destructor_v<Shape>, "Shape has no virtual destructor");
static_assert(std::is_base_of_v<Shape, Circle> && std::is_base_of_v<Shape, Rect> && std::is_base_of_v<Shape, Label>,
              "the shapes are not derived from Shape");
static_assert(std::is_nothrow_move_constructible_v<Drawing> && std::is_move_assignable_v<Drawing>,
              "a Drawing cannot be moved");

/// A shape of other code, whose objects are counted.
class Counted : public Shape {
public:
    static int alive;

    explicit Counted(double size) : size_(size) { alive++; }
    ~Counted() override { alive--; }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;

    double area() const override { return size_; }
    std::string describe() const override { return "counted"; }

private:
    double size_;
};

int Counted::alive = 0;

static void shapes()
{
    expect("circle", Circle(2).describe(), "circle of radius 2");
    expect("circle", std::abs(Circle(2).area() - 12.566370614359172) < 1e-9, true);
    expect("rect", Rect(2.5, 4).describe(), "rect 2.5 x 4");
    expect("rect", Rect(2.5, 4).area(), 10.0);
    expect("square", Rect(3, 3).describe(), "square 3");
    expect("label", Label("a \"b\"").describe(), "label \"a \"b\"\"");
    expect("label", Label("x").area(), 0.0);
    const Shape &shape = Rect(1e7, 0.125);
    expect("numbers", shape.describe(), "rect 1e+07 x 0.125");
}

static void drawings()
{
    Drawing drawing;
    expect("empty", drawing.report(), "0 shapes, area 0.00\n");
    drawing.add(std::make_unique<Rect>(1, 2.345));
    expect("one", drawing.report(), "1 shape, area 2.35\n0: rect 1 x 2.345\n");
    drawing.add(std::make_unique<Label>("note"));
    drawing.add(std::make_unique<Counted>(7));
    expect("three", drawing.report(), "3 shapes, area 9.35\n0: rect 1 x 2.345\n1: label \"note\"\n2: counted\n");
    expect("size", drawing.size(), std::size_t{3});
    expect("total", std::abs(drawing.total_area() - 9.345) < 1e-9, true);
}

static void owners()
{
    {
        Drawing drawing;
        for (int at = 1; at <= 3; at++) {
            drawing.add(std::make_unique<Counted>(at));
        }
        std::unique_ptr<Shape> taken = drawing.remove(1);
        expect("it lives on", Counted::alive, 3);
        expect("the right one", taken ? taken->area() : -1, 2.0);
        expect("the rest", drawing.total_area(), 4.0);
        taken.reset();
        expect("it is deleted once", Counted::alive, 2);

        Drawing moved = std::move(drawing);
        expect("moved", moved.size(), std::size_t{2});
        Drawing other;
        other.add(std::make_unique<Counted>(9));
        other = std::move(moved);
        expect("the old shapes are gone", Counted::alive, 2);
        expect("moved again", other.total_area(), 4.0);
        other.add(other.remove(0));
        expect("put back", other.size(), std::size_t{2});
    }
    expect("nothing is left", Counted::alive, 0);
}

static void errors()
{
    Drawing drawing;
    drawing.add(std::make_unique<Counted>(1));
    try {
        drawing.remove(1);
        expect("remove", std::string("no exception"), "std::out_of_range");
    } catch (const std::out_of_range &error) {
        expect("remove", std::string(error.what()), "no shape 1");
    }
    try {
        drawing.add(nullptr);
        expect("add", std::string("no exception"), "std::invalid_argument");
    } catch (const std::invalid_argument &) {
    }
    expect("size", drawing.size(), std::size_t{1});
}

int main()
{
    shapes();
    drawings();
    owners();
    errors();
    expect("nothing is left", Counted::alive, 0);
    if (failed) {
        std::cout << failed << " failed\n";
    }
    return failed ? 1 : 0;
}
