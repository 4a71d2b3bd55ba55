module concbench/external

go 1.21
