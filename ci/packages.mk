# Compiler and linker flags of the libraries. Empty before the first `ci/install-deps`;
# the sub-make that compiles asks again.
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm
