#include <iostream>

#include "drawing.h"

int main()
{
    Drawing drawing;
    drawing.add(new_label("draft"));
    drawing.add(new_circle(1));
    drawing.add(new_rect(2.5, 5.6));
    drawing.remove(0);
    std::cout << drawing.report();
    return 0;
}
