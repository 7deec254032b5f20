// Shapes that can be drawn.
#include <memory>
#include <vector>

using std::string;

namespace draw {
namespace detail {

template <typename T, int N = 4>
struct Buffer {
    T items[N];
    static constexpr int size = N;
};

}  // namespace detail

enum class Color : unsigned char { Red, Green };

using Points = std::vector<Point>;

/// A thing with an outline.
class Shape : public Base, private detail::Buffer<int> {
public:
    Shape() = default;
    explicit Shape(Color color) : color_(color) {}
    virtual ~Shape();

    virtual double area() const = 0;
    Shape& operator+=(const Shape& other);
    std::unique_ptr<Shape> clone() const;

    bool visible() const noexcept {
        return visible_;
    }

    struct Corner {
        int x, y;
    };

private:
    Color color_;
    bool visible_ = true;
};

Shape::~Shape() {}

Shape& Shape::operator+=(const Shape& other)
{
    color_ = other.color_;
    return *this;
}

std::unique_ptr<Shape> Shape::clone() const {
    auto copy = std::make_unique<Shape>(*this);
    detail::touch<Shape>(copy.get());
    return copy;
}

// The greater of two.
template <typename T>
requires std::totally_ordered<T>
T
greater(T a, T b)
{
    return a < b ? b : a;
}

template <>
struct detail::Buffer<char> {
    char* text;
};

template <typename T>
concept Drawable = requires(T t) { t.area(); };

}  // namespace draw

namespace {
int hidden() { return draw::greater(1, 2); }
}

extern "C" {
int draw_version(void) { return 3; }
}

TEST(ShapeTest, HasArea) {
    EXPECT_EQ(0, draw::Shape().area());
}

TEST_CASE("shapes compare")
{
    SECTION("when equal")
    {
        CHECK(hidden() == 2);
    }
}
