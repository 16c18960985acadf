module example.org/lister

go 1.20
