module slt/judges

go 1.26

require github.com/google/go-containerregistry v0.21.9

require go.yaml.in/yaml/v3 v3.0.4
