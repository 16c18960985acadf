#include <iostream>
#include <memory>

#include "drawing.h"

int main()
{
    Drawing drawing;
    drawing.add(std::make_unique<Label>("draft"));
    drawing.add(std::make_unique<Circle>(1));
    drawing.add(std::make_unique<Rect>(2.5, 5.6));
    drawing.remove(0);
    std::cout << drawing.report();
    return 0;
}
