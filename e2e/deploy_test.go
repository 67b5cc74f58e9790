package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// service is what we hold a compose service to.
type service struct {
	Build       string            `yaml:"build"`
	User        string            `yaml:"user"`
	ReadOnly    bool              `yaml:"read_only"`
	Privileged  bool              `yaml:"privileged"`
	CapDrop     []string          `yaml:"cap_drop"`
	CapAdd      []string          `yaml:"cap_add"`
	SecurityOpt []string          `yaml:"security_opt"`
	MemLimit    string            `yaml:"mem_limit"`
	CPUs        string            `yaml:"cpus"`
	PidsLimit   int               `yaml:"pids_limit"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Tmpfs       []string          `yaml:"tmpfs"`
	StopGrace   string            `yaml:"stop_grace_period"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

func compose(t *testing.T) map[string]service {
	t.Helper()
	data, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]service        `yaml:"services"`
		Volumes  map[string]map[string]any `yaml:"volumes"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatalf("docker-compose.yml: %v", err)
	}
	for name, s := range file.Services {
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[volume]; !ok {
				t.Errorf("%s mounts %q, which is no volume of the file", name, v)
			}
		}
	}
	return file.Services
}

func TestEveryComposeServiceIsConfined(t *testing.T) {
	services := compose(t)
	if len(services) == 0 {
		t.Fatal("docker-compose.yml has no service")
	}
	for name, s := range services {
		for what, ok := range map[string]bool{
			"read_only":         s.ReadOnly,
			"not privileged":    !s.Privileged,
			"cap_drop ALL":      slices.Contains(s.CapDrop, "ALL") && len(s.CapAdd) == 0,
			"no-new-privileges": slices.Contains(s.SecurityOpt, "no-new-privileges:true"),
			"mem_limit":         s.MemLimit != "",
			"cpus":              s.CPUs != "",
			"pids_limit":        s.PidsLimit > 0,
			"a user, not root":  s.User != "" && !strings.HasPrefix(s.User, "0") && s.User != "root",
			"healthcheck":       len(s.Healthcheck.Test) > 0,
			"time to drain":     s.StopGrace == "60s",
		} {
			if !ok {
				t.Errorf("service %s: want %s", name, what)
			}
		}
	}
}

// The container must find its data where the volume is, and the server must know every
// variable that the file sets.
func TestComposeAndDockerfileAgreeWithTheServer(t *testing.T) {
	s, ok := compose(t)["labserver"]
	if !ok {
		t.Fatal("docker-compose.yml has no service labserver")
	}
	help, _, code := command(t, os.Environ(), "serve", "--help")
	if code != 0 {
		t.Fatalf("labserver serve --help ended with status %d", code)
	}
	for name := range s.Environment {
		if strings.HasPrefix(name, "LABSERVER_") && !strings.Contains(help, "$"+name) {
			t.Errorf("the server does not know the variable %s", name)
		}
	}
	if data := s.Environment["LABSERVER_DATA"]; !slices.Contains(s.Volumes, "data:"+data) {
		t.Errorf("LABSERVER_DATA is %q, but the volumes are %q", data, s.Volumes)
	}
	docker, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := string(docker)
	for _, want := range []string{"FROM scratch", "USER 65532:65532", "VOLUME /data",
		`CMD ["/labserver", "health"]`, "CGO_ENABLED=0"} {
		if !strings.Contains(text, want) {
			t.Errorf("the Dockerfile lacks %q", want)
		}
	}
	if want := []string{"CMD", "/labserver", "health"}; !slices.Equal(s.Healthcheck.Test, want) {
		t.Errorf("healthcheck = %q, want %q", s.Healthcheck.Test, want)
	}
}
